/*! Funnelwatch pixel. Events of a shop's pages to its own collector: no cookies, no other party.
 *
 *  <script async src="https://COLLECTOR/funnel.js" data-key="PIXEL_KEY" data-store="STORE_ID"></script>
 *
 *  data-fw-product="SKU"      on a tile: impression when half of it was seen for half a second; click when it is clicked
 *  data-fw-view="SKU"         on a product page: a click (product view) when the page opens
 *  data-fw-add-to-cart[=SKU]  on a button: add_to_cart (SKU of the tile around it, if none is given)
 *  data-fw-order="ID"         on the thank-you page, with data-fw-amount and data-fw-currency: order, once
 *  data-fw-category, data-fw-quantity, data-fw-payment-method beside any of these
 *  funnelwatch('event', 'add_to_cart', {product: 'SKU', quantity: 2})   by hand
 *
 *  With Global Privacy Control or Do Not Track nothing is sent or stored; with data-private="count" on the script tag
 *  such visits are counted without any id.
 */
(function () {
  'use strict';
  var tag = document.currentScript || document.querySelector('script[data-key][src*="funnel.js"]');
  if (window.funnelwatch && window.funnelwatch.loaded) return;
  var given = (tag && tag.dataset) || {};
  var early = (window.funnelwatch && window.funnelwatch.q) || [];
  var isPrivate = navigator.globalPrivacyControl === true || navigator.doNotTrack === '1' || window.doNotTrack === '1';
  var isSilent = isPrivate && given.private !== 'count';
  var key = given.key || '';
  var store = given.store || '';
  var endpoint = given.endpoint || (tag && tag.src ? new URL('/v1/pixel', tag.src).href : '/v1/pixel');
  var MAX_EVENTS = 40, MAX_BYTES = 48 * 1024, MAX_KEPT = 200, EVERY_MS = 2000, SESSION_MS = 30 * 60 * 1000;
  var SEEN_MS = given.seenMs === undefined ? 500 : Number(given.seenMs);
  var queue = [], timer = 0, failures = 0, isSending = false;

  function id() {
    if (window.crypto && crypto.randomUUID) return crypto.randomUUID();
    var bytes = crypto.getRandomValues(new Uint8Array(16)), text = '';
    for (var i = 0; i < 16; i++) text += ('0' + bytes[i].toString(16)).slice(-2);
    return text;
  }

  function load(name) {
    if (isPrivate) return null;
    try { return JSON.parse(localStorage.getItem('fw.' + name)); } catch (e) { return null; }
  }

  function save(name, value) {
    if (isPrivate) return;
    try { localStorage.setItem('fw.' + name, JSON.stringify(value)); } catch (e) { /* full or forbidden */ }
  }

  // Where the visit came from: [channel, campaign].
  function origin() {
    var query = new URLSearchParams(location.search), medium = (query.get('utm_medium') || '').toLowerCase();
    var campaign = (query.get('utm_campaign') || '').slice(0, 120), from = '';
    if (/cpc|ppc|paid|display|ads?\b/.test(medium) || /[?&](gclid|fbclid|ttclid|msclkid)=/.test(location.search)) return ['paid', campaign];
    if (/e-?mail|newsletter/.test(medium)) return ['email', campaign];
    if (/social/.test(medium)) return ['social', campaign];
    if (medium) return [medium.slice(0, 30), campaign];
    try { from = document.referrer ? new URL(document.referrer).hostname : ''; } catch (e) { /* odd referrer */ }
    if (!from || from === location.hostname) return ['direct', campaign];
    if (/(google|bing|baidu|sogou|yahoo|duckduckgo|yandex|so)\./.test(from)) return ['search', campaign];
    if (/(facebook|instagram|tiktok|douyin|weibo|xiaohongshu|twitter|pinterest)\.|^t\.co$/.test(from)) return ['social', campaign];
    return ['referral', campaign];
  }

  var here = origin();
  var visitor = isPrivate ? null : load('visitor') || id();
  if (visitor) save('visitor', visitor);

  function session() {
    var now = Date.now(), known = load('session');
    if (!known || now - known.at > SESSION_MS) known = { id: id(), channel: here[0], campaign: here[1] };
    known.at = now;
    save('session', known);
    return known;
  }

  function add(type, fields) {
    if (isSilent || typeof type !== 'string') return;
    var event = { type: type, event_time: Date.now() }, name, value;
    if (store) event.store_id = store;
    // an order has one id whoever tells of it, so that the shop's own report of it is the same event
    if (!(fields && fields.order_id)) event.event_id = id();
    var visit = isPrivate ? { channel: here[0], campaign: here[1] } : session();
    event.channel = visit.channel;
    if (visit.campaign) event.campaign = visit.campaign;
    if (!isPrivate) { event.visitor = visitor; event.session = visit.id; }
    for (name in fields || {}) {
      value = fields[name];
      if (value === undefined || value === null || value === '') continue;
      if (name === 'attributes') {
        event.attributes = {};
        for (var inner in value) event.attributes[inner.slice(0, 64)] = String(value[inner]).slice(0, 512);
      } else if (name === 'quantity') event.quantity = Math.max(0, Math.round(Number(value)) || 0);
      else if (name === 'amount') event.amount = typeof value === 'number' ? value.toFixed(2) : String(value);
      else event[name] = value;
    }
    queue.push(event);
    if (queue.length > MAX_KEPT) queue.shift();
    if (queue.length >= MAX_EVENTS) flush(false); else if (!timer) timer = setTimeout(flush, EVERY_MS, false);
  }

  var encoder = new TextEncoder();

  // The next batch's body and events: never more than a beacon may carry.
  function batch() {
    var zone = '';
    try { zone = Intl.DateTimeFormat().resolvedOptions().timeZone || ''; } catch (e) { /* no Intl */ }
    var events = [], parts = [], size = 200;
    while (queue.length && events.length < MAX_EVENTS) {
      var text = JSON.stringify(queue[0]), length = encoder.encode(text).length + 1;
      if (parts.length && size + length > MAX_BYTES) break;
      events.push(queue.shift());
      if (length > MAX_BYTES / 2) continue;
      parts.push(text);
      size += length;
    }
    var head = JSON.stringify({ k: key, sent: Date.now(), zone: isPrivate ? '' : zone }).slice(0, -1);
    return { body: head + ',"events":[' + parts.join(',') + ']}', events: events };
  }

  function flush(isLeaving) {
    clearTimeout(timer);
    timer = 0;
    if (!queue.length || !key) return;
    if (isLeaving) {
      while (queue.length) {
        var last = batch();
        if (!(navigator.sendBeacon && navigator.sendBeacon(endpoint, last.body))) {
          save('kept', last.events.concat(queue).slice(-MAX_KEPT));
          queue = [];
        }
      }
      return;
    }
    if (isSending) { timer = setTimeout(flush, EVERY_MS, false); return; }
    isSending = true;
    var next = batch();
    // text/plain: no preflight; the same event ids on a retry: counted once
    fetch(endpoint, { method: 'POST', body: next.body, keepalive: true, credentials: 'omit', mode: 'cors', headers: { 'Content-Type': 'text/plain' } })
      .then(function (answer) {
        if (answer.status === 429 || answer.status >= 500) throw new Error(String(answer.status));
        failures = 0;
      })
      .catch(function () {
        failures++;
        queue = next.events.concat(queue).slice(-MAX_KEPT);
      })
      .then(function () {
        isSending = false;
        if (queue.length && !timer) timer = setTimeout(flush, Math.min(60000, EVERY_MS * Math.pow(2, failures)), false);
      });
  }

  function details(element, product) {
    var data = element.dataset, around = element.closest('[data-fw-product],[data-fw-view]');
    var outer = around ? around.dataset : {};
    return {
      product: product || outer.fwProduct || outer.fwView,
      category: data.fwCategory || outer.fwCategory,
      quantity: data.fwQuantity,
      payment_method: data.fwPaymentMethod
    };
  }

  var shown = {}, waits = new Map(), watched = new WeakSet(), eyes = null;

  function look(entries) {
    entries.forEach(function (entry) {
      var element = entry.target, product = element.dataset.fwProduct;
      var large = entry.rootBounds && entry.intersectionRect.height > entry.rootBounds.height / 2;
      if (entry.isIntersecting && (entry.intersectionRatio >= 0.5 || large) && !shown[product]) {
        if (!waits.has(element)) waits.set(element, setTimeout(function () {
          waits.delete(element);
          if (shown[product]) return;
          shown[product] = true;
          eyes.unobserve(element);
          add('impression', details(element, product));
        }, SEEN_MS));
      } else if (waits.has(element)) {
        clearTimeout(waits.get(element));
        waits.delete(element);
      }
    });
  }

  function scan() {
    if (eyes) document.querySelectorAll('[data-fw-product]').forEach(function (element) {
      if (!watched.has(element)) { watched.add(element); eyes.observe(element); }
    });
    document.querySelectorAll('[data-fw-view],[data-fw-order]').forEach(function (element) {
      if (watched.has(element)) return;
      if (!element.dataset.fwProduct) watched.add(element);
      if (element.dataset.fwView && !element.fwViewed) { element.fwViewed = true; add('click', details(element, element.dataset.fwView)); }
      var order = element.dataset.fwOrder, told = load('orders') || [];
      if (order && told.indexOf(order) < 0) {
        save('orders', told.concat(order).slice(-20));
        var fields = details(element);
        fields.order_id = order;
        fields.amount = element.dataset.fwAmount;
        fields.currency = element.dataset.fwCurrency;
        add('order', fields);
      }
    });
  }

  function vitals() {
    if (!window.PerformanceObserver) return function () {};
    var found = {}, slow = {}, shiftSum = 0, shiftFirst = 0, shiftLast = 0, isTold = false;
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
      if (isTold) return;
      isTold = true;
      var delays = Object.keys(slow).map(function (name) { return slow[name]; }).sort(function (a, b) { return b - a; });
      // the worst, leaving out one of every fifty (web.dev, INP)
      if (delays.length) found.INP = delays[Math.min(delays.length - 1, Math.floor(delays.length / 50))];
      for (var name in found) add('page_vital', { attributes: { metric: name, value: found[name].toFixed(name === 'CLS' ? 4 : 0), page: location.pathname.slice(0, 200) } });
    };
  }

  function start() {
    if (window.IntersectionObserver) eyes = new IntersectionObserver(look, { threshold: [0, 0.25, 0.5, 0.75, 1] });
    var kept = load('kept'), tell = vitals(), isScanning = false;
    if (kept && kept.length) { queue = kept.concat(queue); save('kept', []); timer = timer || setTimeout(flush, EVERY_MS, false); }
    scan();
    new MutationObserver(function () {
      if (isScanning) return;
      isScanning = true;
      setTimeout(function () { isScanning = false; scan(); }, 200);
    }).observe(document.documentElement, { childList: true, subtree: true });
    document.addEventListener('click', function (event) {
      var target = event.target instanceof Element ? event.target : null, button = target && target.closest('[data-fw-add-to-cart]');
      if (button) { add('add_to_cart', details(button, button.dataset.fwAddToCart)); return; }
      var tile = target && target.closest('[data-fw-product]');
      if (tile) add('click', details(tile, tile.dataset.fwProduct));
    }, true);
    function leave() { tell(); flush(true); }
    document.addEventListener('visibilitychange', function () { if (document.visibilityState === 'hidden') leave(); });
    window.addEventListener('pagehide', leave);
  }

  function funnelwatch(command) {
    if (command === 'event') add(arguments[1], arguments[2]);
    else if (command === 'flush') flush(false);
    else if (command === 'init') {
      var options = arguments[1] || {};
      key = options.key || key; store = options.store || store; endpoint = options.endpoint || endpoint;
    }
  }
  funnelwatch.loaded = true;
  window.funnelwatch = funnelwatch;
  early.forEach(function (call) { funnelwatch.apply(null, call); });
  if (isSilent) return;
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start); else start();
})();
