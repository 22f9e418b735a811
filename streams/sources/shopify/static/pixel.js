// Funnelwatch for Shopify's sandbox: paste it into Settings > Customer events > Add custom pixel, save, connect.
// The frame has no storage and its requests have the Origin null: session and campaign are kept by what the sandbox offers
// (browser.sessionStorage of the page around it), the visitor is Shopify's own clientId, and the key is in the body.
(function () {
  'use strict';
  var COLLECTOR = '%COLLECTOR%', KEY = '%KEY%', STORE = '%STORE%';
  var SESSION_MS = 30 * 60 * 1000, MAX_TRIES = 4, privacy = (init && init.customerPrivacy) || {}, visit = null, last = Promise.resolve();

  function isAllowed() { return privacy.analyticsProcessingAllowed !== false; }

  function digits(id) { return id === undefined || id === null ? '' : String(id).split('/').pop().split('?')[0]; }

  function id() {
    return typeof crypto !== 'undefined' && crypto.randomUUID ? crypto.randomUUID() : Date.now().toString(36) + Math.random().toString(36).slice(2);
  }

  // Where the visit came from: channel and campaign of the page's address and referrer.
  function origin(context) {
    var page = (context && context.document) || {}, query = new URLSearchParams(''), search = '', from = '', here = '';
    try { var url = new URL(page.location.href || String(page.location)); search = url.search; here = url.hostname; query = new URLSearchParams(search); } catch (e) { /* no address */ }
    try { from = page.referrer ? new URL(page.referrer).hostname : ''; } catch (e) { /* odd referrer */ }
    var medium = (query.get('utm_medium') || '').toLowerCase(), channel = 'referral';
    if (/cpc|ppc|paid|display|ads?\b/.test(medium) || /[?&](gclid|fbclid|ttclid|msclkid)=/.test(search)) channel = 'paid';
    else if (/e-?mail|newsletter/.test(medium)) channel = 'email';
    else if (/social/.test(medium)) channel = 'social';
    else if (medium) channel = medium.slice(0, 64);
    else if (!from || from === here) channel = 'direct';
    else if (/(^|\.)(google|bing|baidu|sogou|yahoo|duckduckgo|yandex|so)\./.test(from)) channel = 'search';
    else if (/(^|\.)(facebook|instagram|tiktok|douyin|weibo|xiaohongshu|twitter|pinterest)\.|^t\.co$/.test(from)) channel = 'social';
    return { channel: channel, campaign: (query.get('utm_campaign') || '').slice(0, 120) };
  }

  // The session goes on for half an hour after its last event; the checkout's pages belong to it.
  async function session(context, now) {
    var known = visit;
    try { known = JSON.parse(await browser.sessionStorage.getItem('fw.session')) || known; } catch (e) { /* forbidden: this frame remembers */ }
    if (!known || !known.id || !(now - known.at <= SESSION_MS)) known = Object.assign({ id: id() }, origin(context));
    known.at = now;
    visit = known;
    try { await browser.sessionStorage.setItem('fw.session', JSON.stringify(known)); } catch (e) { /* as above */ }
    return known;
  }

  async function send(events, tries) {
    try {
      var answer = await fetch(COLLECTOR + '/v1/pixel', {
        method: 'POST', keepalive: true, credentials: 'omit', body: JSON.stringify({ k: KEY, sent: Date.now(), events: events })
      });
      if (answer.status !== 429 && answer.status < 500) return;
    } catch (e) { /* unreachable: again */ }
    if (tries < MAX_TRIES) setTimeout(function () { send(events, tries + 1); }, 1000 * Math.pow(3, tries));
  }

  async function report(type, event, fields) {
    if (!isAllowed()) return;
    var at = Date.parse(event.timestamp) || Date.now(), now = await session(event.context, Date.now());
    var made = { type: type, store_id: STORE, event_time: at, session: now.id, channel: now.channel };
    if (event.clientId) made.visitor = String(event.clientId);
    if (now.campaign) made.campaign = now.campaign;
    // an order has one id whoever reports it; anything else has Shopify's id of the event
    if (!fields.order_id && event.id) made.event_id = String(event.id).slice(0, 128);
    Object.keys(fields).forEach(function (name) { if (fields[name] !== undefined && fields[name] !== '') made[name] = fields[name]; });
    await send([made], 0);
  }

  // One after another, so that two events of one moment have one session.
  function on(name, type, fields) {
    analytics.subscribe(name, function (event) {
      last = last.then(function () {
        var made = fields(event.data || {});
        return made ? report(type, event, made) : undefined;
      }).catch(function () { /* an event of another form costs itself */ });
      return last;
    });
  }

  function price(money) {
    return money && isFinite(money.amount) ? { amount: String(money.amount), currency: money.currencyCode } : {};
  }

  function list(kind, variants, about) {
    return { attributes: { list: kind, products: String((variants || []).length), about: String(about || '').slice(0, 200) } };
  }

  on('collection_viewed', 'impression', function (data) { return list('collection', data.collection.productVariants, digits(data.collection.id)); });
  on('search_submitted', 'impression', function (data) { return list('search', data.searchResult.productVariants); });
  on('product_viewed', 'click', function (data) { return { product: digits(data.productVariant.product.id) }; });
  on('product_added_to_cart', 'add_to_cart', function (data) {
    var line = data.cartLine;
    return Object.assign({ product: digits(line.merchandise.product.id), quantity: line.quantity }, price(line.cost && line.cost.totalAmount));
  });
  on('checkout_completed', 'order', function (data) {
    var order = digits(data.checkout.order && data.checkout.order.id);
    return order ? Object.assign({ order_id: order }, price(data.checkout.totalPrice)) : null;
  });

  // A code that was taken is known once the order is; one that was not shows an alert.
  on('checkout_completed', 'coupon', function (data) {
    var taken = (data.checkout.discountApplications || []).filter(function (one) { return one.type === 'DISCOUNT_CODE'; });
    return taken.length ? { attributes: { about: 'code' } } : null;
  });

  [['checkout_started', 'started'], ['payment_info_submitted', 'payment']].forEach(function (step) {
    on(step[0], 'checkout', function () { return { attributes: { about: step[1] } }; });
  });

  // What an alert is about, never its text or what was entered.
  function kind(data) { return String((data.alert && data.alert.type) || 'UNKNOWN').toUpperCase().slice(0, 64); }

  on('alert_displayed', 'coupon', function (data) { return kind(data) === 'DISCOUNT_ERROR' ? { attributes: { error: kind(data) } } : null; });
  on('alert_displayed', 'checkout', function (data) { return kind(data) === 'DISCOUNT_ERROR' ? null : { attributes: { error: kind(data) } }; });
  on('ui_extension_errored', 'checkout', function () { return { attributes: { error: 'UI_EXTENSION' } }; });

  if (typeof api !== 'undefined' && api.customerPrivacy) {
    api.customerPrivacy.subscribe('visitorConsentCollected', function (event) { privacy = event.customerPrivacy || privacy; });
  }
})();
