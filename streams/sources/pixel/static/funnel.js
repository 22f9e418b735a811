/*! Funnelwatch pixel. Events of a shop's pages to its own collector: no cookies, no other party.
 *
 *  <script async src="https://COLLECTOR/funnel.js" data-key="PIXEL_KEY" data-store="STORE_ID"></script>
 *
 *  data-fw-product="SKU"      on a tile: impression when half of it was seen for half a second; click when it is clicked
 *  data-fw-view="SKU"         on a product page: a click (product view) when the page opens, unless a click on a tile led here
 *  data-fw-add-to-cart[=SKU]  on a button: add_to_cart (SKU of the tile around it, if none is given)
 *  data-fw-order="ID"         on the thank-you page, with data-fw-amount and data-fw-currency: order, once
 *  data-fw-category, data-fw-quantity, data-fw-payment-method next to any of these
 *
 *  funnelwatch('event', 'add_to_cart', {product: 'SKU', quantity: 2})    by hand
 *  funnelwatch('init', {key: …, store: …, hosts: …})                     where the script tag cannot have data- attributes
 *  funnelwatch('consent', 'wait' | 'grant' | 'withdraw' | 'forget')      data-consent="wait" begins with waiting
 *
 *  With Global Privacy Control or Do Not Track nothing is sent or stored; with data-private="count" on the script tag
 *  such visits are counted without any id.
 */
(function () {
  'use strict';
  if (window.funnelwatch && window.funnelwatch.loaded) return;
  var tag = document.currentScript || document.querySelector('script[data-key][src*="funnel.js"],script[src*="funnel.js"]');
  var early = (window.funnelwatch && window.funnelwatch.q) || [];
  var source = tag && tag.src ? new URL(tag.src) : null;
  var settings = Object.assign(
    { key: '', store: '', hosts: '', listen: '', seenMs: 500, endpoint: source ? new URL('/v1/pixel', source).href : '/v1/pixel' },
    source ? Object.fromEntries(source.searchParams) : {},  // funnel.js?key=…&store=…
    tag ? tag.dataset : {}
  );
  var MAX_EVENTS = 40, MAX_BYTES = 48 * 1024, MAX_EVENT_BYTES = 30 * 1024, MAX_FLYING = 60 * 1024, MAX_KEPT = 200;
  var EVERY_MS = 2000, LONGEST_WAIT_MS = 60 * 1000, SESSION_MS = 30 * 60 * 1000, SAME_CLICK_MS = 30 * 1000, KEPT_MS = 7 * 24 * 3600 * 1000;
  var FIELDS = ('store_id event_time event_id visitor buyer session order_id product category country device_class channel campaign ' +
    'payment_method quantity amount currency attributes user_agent').split(' ');
  var TEXT_LENGTHS = { product: 256, category: 256, campaign: 256, channel: 64, payment_method: 64 }, ID_LENGTH = 1000;
  var warned = {};

  function warn(text) {
    if (!warned[text] && window.console) console.warn('funnelwatch: ' + text);
    warned[text] = true;
  }

  function id() {
    if (window.crypto && crypto.randomUUID) return crypto.randomUUID();
    var bytes = crypto.getRandomValues(new Uint8Array(16)), text = '';
    for (var i = 0; i < 16; i++) text += ('0' + bytes[i].toString(16)).slice(-2);
    return text;
  }

  // --- what is kept in the browser: in storage, or in memory for this page where storage is forbidden or full

  var NAMES = ['visitor', 'session', 'kept', 'orders', 'waiting', 'clicked'], memory = {}, unsaved = {}, isWiped = false;

  function isPrivate() {
    return navigator.globalPrivacyControl === true || navigator.doNotTrack === '1' || window.doNotTrack === '1';
  }

  function load(name) {
    var text = null;
    if (isPrivate() || unsaved[name]) return memory[name];
    try { text = localStorage.getItem('fw.' + name); } catch (e) { return memory[name]; }
    try { return JSON.parse(text); } catch (e) { return null; }
  }

  function loadList(name) {
    var list = load(name);
    return Array.isArray(list) ? list : [];
  }

  function save(name, value) {
    memory[name] = value;
    if (isPrivate()) return;
    try { localStorage.setItem('fw.' + name, JSON.stringify(value)); unsaved[name] = false; } catch (e) { unsaved[name] = true; }
  }

  function remove(name) {
    delete memory[name];
    delete unsaved[name];
    try { localStorage.removeItem('fw.' + name); } catch (e) { /* forbidden: nothing is there */ }
  }

  function wipe() {
    NAMES.forEach(remove);
    queue = [];
    held = [];
    era++;
  }

  // --- consent

  var consent = load('consent') === 'withdrawn' ? 'withdrawn' : settings.consent === 'wait' ? 'waiting' : 'granted';
  var queue = [], held = [], era = 0;

  // Whether events may be made now. A page that is being prerendered was not opened by anybody yet.
  function isOpen() {
    if (isPrivate()) {
      if (!isWiped) wipe();
      isWiped = true;
      if (settings.private !== 'count') return false;
    }
    return !!settings.key && consent === 'granted' && !document.prerendering;
  }

  function decide(choice) {
    if (choice === 'grant' || choice === true) {
      consent = 'granted';
      remove('consent');
      open();
    } else if (choice === 'wait') {
      if (consent === 'granted') consent = 'waiting';
    } else if (choice === 'withdraw' || choice === false) {
      consent = 'withdrawn';
      wipe();
      save('consent', 'withdrawn');
    } else if (choice === 'forget') wipe();
    else warn('unknown consent ' + String(choice) + "; expected 'wait', 'grant', 'withdraw' or 'forget'");
  }

  // --- where the visit came from

  // who takes a payment and sends the visitor back
  var PAYMENTS = ('paypal.com stripe.com klarna.com adyen.com alipay.com tenpay.com 95516.com unionpayintl.com mollie.com sofort.com ' +
    'afterpay.com clearpay.co.uk affirm.com sezzle.com razorpay.com paytm.com payu.com payu.in mercadopago.com pagseguro.com.br ' +
    'midtrans.com xendit.co omise.co 2c2p.com ipay88.com worldpay.com checkout.com braintreegateway.com authorize.net squareup.com ' +
    'shop.app vnpayment.vn momo.vn zalopay.vn gcash.com paymaya.com paypay.ne.jp kakaopay.com pay.naver.com payco.com przelewy24.pl ' +
    'pay.google.com pay.amazon.com payments.amazon.com wise.com rapyd.net airwallex.com cardinalcommerce.com arcot.com').split(' ');

  function isOf(host, domains) {
    return domains.some(function (domain) { return domain && (host === domain || host.endsWith('.' + domain)); });
  }

  function isOwn(host) {
    var hosts = String(settings.hosts || '').toLowerCase().split(/[\s,]+/);
    return isOf(host, hosts.concat(location.hostname.replace(/^www\./, ''))) || isOf(location.hostname, [host.replace(/^www\./, '')]);
  }

  // Channel and campaign. The channel is null if the visit goes on (own hosts, payment), and empty if it is not known.
  function origin() {
    var from = null, isFrame = window.self !== window.top;
    try { from = document.referrer ? new URL(document.referrer) : null; } catch (e) { /* odd referrer */ }
    // a frame's referrer is the page around it: its query says more than the frame's own
    var search = isFrame ? (from ? from.search : '') : location.search, query = new URLSearchParams(search), host = from ? from.hostname : '';
    var medium = (query.get('utm_medium') || '').toLowerCase(), campaign = query.get('utm_campaign') || '';
    function came(channel) { return { channel: channel, campaign: campaign }; }
    if (/cpc|ppc|paid|display|ads?\b/.test(medium) || /[?&](gclid|fbclid|ttclid|msclkid)=/.test(search)) return came('paid');
    if (/e-?mail|newsletter/.test(medium)) return came('email');
    if (/social/.test(medium)) return came('social');
    if (medium) return came(medium);
    if (isFrame) return came('');
    if (!host) return came('direct');
    if (isOwn(host) || isOf(host, PAYMENTS)) return came(null);
    if (/(^|\.)(google|bing|baidu|sogou|yahoo|duckduckgo|yandex|so)\./.test(host)) return came('search');
    if (/(^|\.)(facebook|instagram|tiktok|douyin|weibo|xiaohongshu|twitter|pinterest)\.|^t\.co$/.test(host)) return came('social');
    return came('referral');
  }

  function session() {
    var now = Date.now(), known = load('session');
    if (!known || !known.id || !(now - known.at <= SESSION_MS)) {
      var here = origin(), from = here.channel === null && known && known.channel !== undefined ? known : here;
      known = { id: id(), channel: from.channel === null ? 'direct' : from.channel, campaign: from.campaign };
    }
    known.at = now;
    save('session', known);
    return known;
  }

  function visitor() {
    var known = load('visitor');
    if (typeof known !== 'string') save('visitor', known = id());
    return known;
  }

  // --- events

  // Text of a value, cut at characters (half of one is not text); undefined for what is neither text nor a number, or lost its digits.
  function text(value, most) {
    var kind = typeof value;
    if (kind === 'number' ? !(Math.abs(value) <= Number.MAX_SAFE_INTEGER) : !/^(string|boolean|bigint)$/.test(kind)) return undefined;
    var plain = String(value).slice(0, 4 * most).replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
    var characters = Array.from(plain).filter(function (one) { return one.length > 1 || one < '\ud800' || one > '\udfff'; });
    return characters.slice(0, most).join('').trim();
  }

  // Milliseconds since 1970 of what a page writes as a time; undefined for what names no moment (a day alone is none).
  function moment(value) {
    if (value instanceof Date) value = value.getTime();
    var isNumber = typeof value !== 'string' || /^\s*\d+(\.\d+)?\s*$/.test(value);
    var at = isNumber ? Number(value) : /\d:\d\d/.test(value) ? Date.parse(value) : NaN;
    if (at < 1e11) at *= 1000;  // seconds
    return at >= 946684800000 && at < 1e14 ? Math.round(at) : undefined;
  }

  // The field that a name means: orderId and order-id are order_id.
  function fieldOf(name) {
    var plain = name.replace(/[\s-]+/g, '_').replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
    return plain === 'event_time_ms' ? 'event_time' : plain;
  }

  // An own copy of fields that a page gave: texts only, so that no value can be impossible to write. A bad one costs itself.
  function copied(fields) {
    var made = {};
    function attribute(name, value) {
      var key = text(name, 64), written = text(value, 512);
      if (!key || written === undefined) return;
      made.attributes = made.attributes || {};
      made.attributes[key] = written;
    }
    function each(from, take) {
      try { for (var name in from) { try { if (!(name in Object.prototype)) take(name, from[name]); } catch (e) { warn('field ' + name + ' cannot be read'); } } } catch (e) { warn('fields cannot be read'); }
    }
    each(fields, function (name, value) {
      if (value === undefined || value === null || value === '') return;
      var field = fieldOf(name);
      if (field !== name && made[field] !== undefined) return;
      if (field === 'attributes') {
        if (typeof value === 'object') each(value, attribute);
        else warn('attributes must be an object and are left out');
        return;
      }
      if (FIELDS.indexOf(field) < 0) {
        warn('there is no field ' + name + '; it is kept as an attribute');
        attribute(name, value);
        return;
      }
      name = field;
      var written = text(value, TEXT_LENGTHS[name] || ID_LENGTH);
      // up to four decimals, and never three, which could be thousands
      if (name === 'amount' && typeof value === 'number' && isFinite(value)) written = value.toFixed(4).replace(/00$/, '');
      if (name === 'quantity') written = isFinite(Number(written)) && written ? Math.max(0, Math.round(Number(written))) : undefined;
      if (name === 'event_time') written = moment(value);
      if (written === undefined) warn(name + ' cannot be read and is left out');
      else if (written !== '') made[name] = written;
    });
    return made;
  }

  function add(type, fields) {
    if (typeof type !== 'string') { warn("an event has no type; call funnelwatch('event', TYPE, {…})"); return; }
    var at = Date.now();
    fields = copied(fields);
    if (isOpen()) put(type, fields, at);
    else if (consent !== 'withdrawn' && !(isPrivate() && settings.private !== 'count')) held = held.concat({ type: type, fields: fields, at: document.prerendering ? 0 : at }).slice(-MAX_KEPT);
  }

  function put(type, fields, at) {
    var order = type === 'order' && fields.order_id ? (settings.store ? settings.store + '/' : '') + fields.order_id : '';
    if (order && isOrderKnown(order)) return;
    var event = { type: type, event_time: at }, visit = isPrivate() ? origin() : session();
    if (settings.store) event.store_id = settings.store;
    // an order has one id whoever reports it, so that the shop's own report of it is the same event
    if (!fields.order_id) event.event_id = id();
    if (visit.channel) event.channel = text(visit.channel, 64);
    if (visit.campaign) event.campaign = text(visit.campaign, 120);
    if (!isPrivate()) { event.visitor = visitor(); event.session = visit.id; }
    Object.assign(event, fields);
    var written = JSON.stringify(event);
    if (bytes(written) > MAX_EVENT_BYTES) {
      warn('the attributes of an event are too large and are left out');
      delete event.attributes;
      written = JSON.stringify(event);
    }
    var entry = { text: written, order: order, at: Date.now() };
    if (order) save('waiting', loadList('waiting').concat(entry).slice(-50));
    queue = queue.concat(entry).slice(-MAX_KEPT);
    if (queue.length >= MAX_EVENTS) flush(); else later(order ? 0 : EVERY_MS);
  }

  function isOrderKnown(order) {
    return loadList('orders').indexOf(order) >= 0 || loadList('waiting').some(function (entry) { return entry && entry.order === order; });
  }

  // --- sending

  var timer = 0, dueAt = 0, failures = 0, isSending = false, flying = 0, encoder = new TextEncoder();

  function bytes(text) { return encoder.encode(text).length; }

  function later(ms) {
    var at = Date.now() + ms;
    if (timer && dueAt <= at) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(flush, ms);
  }

  // The next events to send: never more than a beacon may carry, and fewer after a failure, until each is tried alone.
  function batch() {
    var events = [], size = 200, most = Math.max(1, MAX_EVENTS >> Math.min(failures, 6)), zone = '';
    try { zone = isPrivate() ? '' : Intl.DateTimeFormat().resolvedOptions().timeZone || ''; } catch (e) { /* no Intl */ }
    while (queue.length && events.length < most) {
      var length = bytes(queue[0].text) + 1;
      if (events.length && size + length > MAX_BYTES) break;
      events.push(queue.shift());
      size += length;
    }
    var head = JSON.stringify({ k: String(settings.key), sent: Date.now(), zone: zone }).slice(0, -1);
    return { events: events, size: size, body: head + ',"events":[' + events.map(function (entry) { return entry.text; }).join(',') + ']}' };
  }

  // text/plain: no preflight; the same event ids on a retry: counted once
  function send(next) {
    var since = era;
    flying += next.size;
    return fetch(settings.endpoint, { method: 'POST', body: next.body, keepalive: true, credentials: 'omit', mode: 'cors', headers: { 'Content-Type': 'text/plain' } })
      .then(function (answer) {
        // 400 and the like will be the same next time; a key can be put right, and everything else passes
        if (!answer.ok && [400, 413, 415, 422].indexOf(answer.status) < 0) throw new Error(String(answer.status));
        failures = 0;
        return answer.json().catch(function () { return null; }).then(function (content) {
          if (since === era) settle(next.events, answer.ok, (content && content.rejected) || []);
        });
      })
      .catch(function () {
        failures++;
        // to the end: an event that can never be sent does not hold up the others
        if (since === era) queue = queue.concat(next.events).slice(-MAX_KEPT);
      })
      .then(function () { flying -= next.size; });
  }

  // An order counts as sent only when the answer said so; one that was rejected may be sent again by the next page.
  function settle(events, isAccepted, rejected) {
    var bad = rejected.map(function (one) { return events[one.index]; });
    var orders = events.filter(function (entry) { return entry.order; });
    if (!orders.length) return;
    var answered = orders.map(function (entry) { return entry.order; });
    var sent = orders.filter(function (entry) { return isAccepted && bad.indexOf(entry) < 0; }).map(function (entry) { return entry.order; });
    save('waiting', loadList('waiting').filter(function (entry) { return entry && answered.indexOf(entry.order) < 0; }));
    save('orders', loadList('orders').concat(sent).slice(-50));
  }

  function flush() {
    clearTimeout(timer);
    timer = 0;
    if (!queue.length || !isOpen()) return;
    if (isSending) { later(EVERY_MS); return; }
    isSending = true;
    send(batch()).then(function () {
      isSending = false;
      if (queue.length) later(failures ? Math.min(LONGEST_WAIT_MS, EVERY_MS * Math.pow(2, failures)) : 0);
    });
  }

  // The page may end now, without any answer: what does not fit into its last requests, or failed before, is kept for the next one.
  function leave() {
    if (!isOpen()) return;
    var canSend = !failures, isBeacon = !(window.Request && 'keepalive' in Request.prototype);
    while (queue.length && canSend) {
      var next = batch();
      canSend = flying + next.size <= MAX_FLYING && (!isBeacon || navigator.sendBeacon(settings.endpoint, next.body));
      if (!canSend) queue = next.events.concat(queue);
      else if (!isBeacon) send(next);
    }
    save('kept', loadList('kept').concat(queue.filter(function (entry) { return !entry.order; })).slice(-MAX_KEPT));
    queue = queue.filter(function (entry) { return entry.order; });
  }

  // What earlier pages could not send; what cannot be read of it costs itself.
  function takeKept() {
    if (!isOpen()) return;
    var young = loadList('kept').concat(loadList('waiting')).filter(function (entry) {
      return entry && typeof entry.text === 'string' && Date.now() - entry.at < KEPT_MS && queue.indexOf(entry) < 0;
    });
    var known = queue.map(function (entry) { return entry.text; });
    queue = young.filter(function (entry) { return known.indexOf(entry.text) < 0; }).concat(queue).slice(-MAX_KEPT);
    save('kept', []);
    if (queue.length) later(EVERY_MS);
  }

  // --- what the page shows

  var marks = new WeakMap(), shown = new Set(), viewed = new Set(), href = location.href, eyes = null, roots = [document], changes = null;

  // What was last seen on an element: frameworks change attributes and use elements again.
  function markOf(element) {
    if (!marks.has(element)) marks.set(element, {});
    return marks.get(element);
  }

  function details(element, product) {
    var data = element.dataset, outer = {}, node = element;
    while (node && !(node.dataset && (node.dataset.fwProduct || node.dataset.fwView))) node = node.parentNode || node.host;
    if (node) outer = node.dataset;
    return {
      product: product || outer.fwProduct || outer.fwView,
      category: data.fwCategory || outer.fwCategory,
      quantity: data.fwQuantity,
      payment_method: data.fwPaymentMethod
    };
  }

  function look(entries) {
    entries.forEach(function (entry) {
      var mark = markOf(entry.target);
      var isLarge = entry.rootBounds && entry.intersectionRect.height > entry.rootBounds.height / 2;
      if (!entry.isIntersecting || !(entry.intersectionRatio >= 0.5 || isLarge)) {
        clearTimeout(mark.wait);
        mark.wait = 0;
      } else if (!mark.wait) mark.wait = setTimeout(show, Number(settings.seenMs), entry.target, mark);
    });
  }

  function show(element, mark) {
    var product = element.dataset.fwProduct;
    mark.wait = 0;
    if (!product || mark.shown === product) return;
    mark.shown = product;
    if (shown.has(product)) return;
    shown.add(product);
    add('impression', details(element, product));
  }

  // A product's tile that was clicked and its page that then opens are one click.
  function isClickedTile(product) {
    var since = Date.now() - SAME_CLICK_MS, isSame = false;
    save('clicked', loadList('clicked').filter(function (one) {
      if (!isSame && one[0] === product && one[1] >= since) { isSame = true; return false; }
      return one[1] >= since;
    }));
    return isSame;
  }

  function examine(element) {
    var data = element.dataset, mark = markOf(element);
    if (eyes && data.fwProduct !== mark.product) {
      clearTimeout(mark.wait);
      mark.wait = 0;
      mark.product = data.fwProduct;
      eyes.unobserve(element);
      if (data.fwProduct) eyes.observe(element);
    }
    if (data.fwView !== mark.view) {
      mark.view = data.fwView;
      if (mark.view && !viewed.has(mark.view)) {
        viewed.add(mark.view);
        if (!isClickedTile(mark.view)) add('click', details(element, mark.view));
      }
    }
    if (data.fwOrder !== mark.order) {
      mark.order = data.fwOrder;
      if (mark.order) add('order', Object.assign(details(element), { order_id: mark.order, amount: data.fwAmount, currency: data.fwCurrency }));
    }
  }

  function scan() {
    if (!isOpen()) return;
    // a page within the page: its products are seen and viewed again
    if (location.href !== href) { href = location.href; shown.clear(); viewed.clear(); }
    roots.forEach(function (root) { root.querySelectorAll('[data-fw-product],[data-fw-view],[data-fw-order]').forEach(examine); });
  }

  // The document and its open shadow roots: their creation cannot be observed, so they are looked for.
  function findRoots() {
    var found = [document];
    for (var i = 0; i < found.length; i++) found[i].querySelectorAll('*').forEach(function (element) { if (element.shadowRoot) found.push(element.shadowRoot); });
    found.forEach(function (root) {
      if (roots.indexOf(root) >= 0 && root !== document) return;
      changes.observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-fw-product', 'data-fw-view', 'data-fw-order'] });
    });
    roots = found;
    scan();
  }

  function click(event) {
    if (!isOpen()) return;
    var path = event.composedPath().filter(function (one) { return one.dataset; });
    var button = path.find(function (one) { return one.dataset.fwAddToCart !== undefined; });
    if (button) { add('add_to_cart', details(button, button.dataset.fwAddToCart)); return; }
    var tile = path.find(function (one) { return one.dataset.fwProduct; }), product = tile && tile.dataset.fwProduct;
    if (!tile || viewed.has(product)) return;
    save('clicked', loadList('clicked').concat([[product, Date.now()]]).slice(-20));
    add('click', details(tile, product));
  }

  function vitals() {
    if (!window.PerformanceObserver) return function () {};
    var found = {}, slow = {}, shiftSum = 0, shiftFirst = 0, shiftLast = 0, isSent = false;
    function watch(type, options, each) {
      try { new PerformanceObserver(function (list) { list.getEntries().forEach(each); }).observe(Object.assign({ type: type, buffered: true }, options)); } catch (e) { /* not in this browser */ }
    }
    watch('largest-contentful-paint', {}, function (entry) { found.LCP = entry.startTime; });
    watch('layout-shift', {}, function (entry) {
      if (entry.hadRecentInput) return;
      // a session window: shifts less than a second apart, five seconds at most (web.dev, CLS)
      if (shiftSum && (entry.startTime - shiftLast > 1000 || entry.startTime - shiftFirst > 5000)) shiftSum = 0;
      if (!shiftSum) shiftFirst = entry.startTime;
      shiftLast = entry.startTime;
      shiftSum += entry.value;
      found.CLS = Math.max(found.CLS || 0, shiftSum);
    });
    watch('event', { durationThreshold: 40 }, function (entry) {
      if (entry.interactionId) slow[entry.interactionId] = Math.max(slow[entry.interactionId] || 0, entry.duration);
    });
    return function () {
      if (isSent) return;
      isSent = true;
      var delays = Object.keys(slow).map(function (name) { return slow[name]; }).sort(function (a, b) { return b - a; });
      // the worst, leaving out one of every fifty (web.dev, INP)
      if (delays.length) found.INP = delays[Math.min(delays.length - 1, Math.floor(delays.length / 50))];
      for (var name in found) add('page_vital', { attributes: { metric: name, value: found[name].toFixed(name === 'CLS' ? 4 : 0), page: location.pathname.slice(0, 200) } });
    };
  }

  // --- what the page already says to others, where the tag asks for it: data-listen="gtag" or "fbq"; one of them, else all counts twice

  var HEARD = {
    gtag: { view_item_list: 'impression', view_item: 'click', add_to_cart: 'add_to_cart', purchase: 'order' },
    fbq: { ViewContent: 'click', AddToCart: 'add_to_cart', Purchase: 'order' }
  };
  var heardLayer = null, heardPush = null, layerAt = 0, ours = new WeakSet();

  function hear(kind, name, fields) {
    var type = HEARD[kind][name];
    if (!type || String(settings.listen) !== kind) return;
    try { add(type, kind === 'gtag' ? fromGtag(type, fields || {}) : fromFbq(type, fields || {})); } catch (e) { warn('an event of ' + kind + ' cannot be read'); }
  }

  function units(items) {
    return items.reduce(function (sum, item) { return sum + (Number(item && item.quantity) || 1); }, 0) || undefined;
  }

  function fromGtag(type, params) {
    var items = Array.isArray(params.items) ? params.items : [], first = items[0] || {};
    var made = { product: first.item_id || first.item_name, category: first.item_category };
    if (type !== 'impression') made.quantity = units(items);
    if (type === 'order') Object.assign(made, { order_id: params.transaction_id, amount: params.value, currency: params.currency, payment_method: params.payment_type });
    return made;
  }

  function fromFbq(type, custom) {
    var contents = Array.isArray(custom.contents) ? custom.contents : [], ids = [].concat(custom.content_ids || []);
    var made = { product: contents.length ? contents[0] && contents[0].id : ids[0], category: custom.content_category, quantity: units(contents) || custom.num_items };
    if (type === 'order') Object.assign(made, { order_id: custom.order_id, amount: custom.value, currency: custom.currency });
    return made;
  }

  // An entry of the data layer: the arguments of gtag('event', NAME, {…}), or a tag manager's {event: NAME, ecommerce: {…}}.
  function hearEntry(entry) {
    try {
      if (!entry || typeof entry !== 'object') return;
      if (entry[0] === 'event') hear('gtag', entry[1], entry[2]);
      else if (typeof entry.event === 'string') hear('gtag', entry.event, entry.ecommerce || entry.eventModel);
    } catch (e) { warn('an entry of dataLayer cannot be read'); }  // the page goes on
  }

  // Looked at again and again: a tag manager puts its own push over ours, and a page may recreate the layer.
  function listenToLayer() {
    var layer = window.dataLayer;
    if (!Array.isArray(layer)) { if (layer === undefined) window.dataLayer = layer = []; else return; }
    if (layer !== heardLayer) { heardLayer = layer; heardPush = null; layerAt = 0; }
    for (; layerAt < layer.length; layerAt++) hearEntry(layer[layerAt]);
    if (heardPush) return;
    var push = layer.push;
    heardPush = layer.push = function () {
      var result = push.apply(layer, arguments);
      // a tag manager shortens the layer: what was just pushed is taken from the call
      Array.from(arguments).forEach(hearEntry);
      layerAt = layer.length;
      return result;
    };
  }

  function hearFbq(args) {
    if (!args) return;
    if (args[0] === 'track') hear('fbq', args[1], args[2]);
    else if (args[0] === 'trackSingle') hear('fbq', args[2], args[3]);
  }

  function wrapped(fbq) {
    if (typeof fbq !== 'function' || ours.has(fbq)) return fbq;
    Array.from(fbq.queue || []).forEach(hearFbq);
    var proxy = new Proxy(fbq, { apply: function (target, self, args) { hearFbq(args); return Reflect.apply(target, self, args); } });
    ours.add(proxy);
    return proxy;
  }

  function listenToFbq() {
    var current = wrapped(window.fbq), own = Object.getOwnPropertyDescriptor(window, 'fbq');
    if (own && !own.configurable) { warn('fbq cannot be listened to: it is locked'); return; }
    Object.defineProperty(window, 'fbq', { configurable: true, enumerable: true, get: function () { return current; }, set: function (fbq) { current = wrapped(fbq); } });
  }

  var isListening = false;

  function listen() {
    if (!settings.listen || !isOpen()) return;
    if (settings.listen === 'gtag') listenToLayer();
    else if (isListening) return;
    else if (settings.listen === 'fbq') listenToFbq();
    else warn('unknown data-listen ' + String(settings.listen) + "; expected 'gtag' or 'fbq'");
    isListening = true;
  }

  var isStarted = false;

  function start() {
    if (isStarted || !isOpen()) return;
    isStarted = true;
    var sendVitals = vitals(), isScanning = false;
    if (window.IntersectionObserver) eyes = new IntersectionObserver(look, { threshold: [0, 0.25, 0.5, 0.75, 1] });
    changes = new MutationObserver(function () {
      if (isScanning) return;
      isScanning = true;
      setTimeout(function () { isScanning = false; scan(); }, 200);
    });
    takeKept();
    findRoots();
    setInterval(function () { if (document.visibilityState !== 'hidden') { findRoots(); listen(); } }, 1000);
    document.addEventListener('click', click, true);
    document.addEventListener('visibilitychange', function () {
      if (document.visibilityState === 'hidden') { sendVitals(); leave(); } else takeKept();
    });
    window.addEventListener('pagehide', function () { sendVitals(); leave(); });
    window.addEventListener('pageshow', function (event) {
      if (!event.persisted) return;
      // back from the browser's cache: the page opens again
      marks = new WeakMap();
      shown.clear();
      viewed.clear();
      if (eyes) eyes.disconnect();
      takeKept();
      scan();
    });
  }

  // Begin, or go on, as soon as there is a key, consent and somebody who looks at the page.
  function open() {
    if (!isOpen()) return;
    held.splice(0).forEach(function (one) { put(one.type, one.fields, one.at || Date.now()); });
    if (queue.length) later(EVERY_MS);
    listen();
    if (isStarted) findRoots();
    else if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start);
    else start();
  }

  function funnelwatch(command, first, second) {
    if (command === 'event') add(first, second);
    else if (command === 'flush') flush();
    else if (command === 'consent') decide(first);
    else if (command === 'init') {
      Object.assign(settings, first);
      if (first && first.consent === 'wait') decide('wait');
      open();
    } else warn('unknown command ' + String(command) + "; expected 'event', 'init', 'consent' or 'flush'");
  }
  funnelwatch.loaded = true;
  window.funnelwatch = funnelwatch;
  Array.from(early).forEach(function (call) {
    try { funnelwatch.apply(null, call); } catch (e) { warn(String(e)); }
  });
  document.addEventListener('prerenderingchange', open);
  window.addEventListener('storage', function (event) {
    if (event.key === 'fw.consent' && event.newValue === '"withdrawn"') { consent = 'withdrawn'; wipe(); }
  });
  setTimeout(function () { if (!settings.key) warn("no key; set data-key on the script tag or call funnelwatch('init', {key: …, store: …})"); }, EVERY_MS);
  open();
})();
