// The service worker. Pages come from the network; what was seen before is shown, and marked so, when there is none.
// Only what the store marks as anybody's is kept (front, kinds, products): never a basket, an account, an order, a sale.
const SHELL = `shell-${TOLD.shell.join()}`;
const PAGES = "seen";
const PICTURES = "pictures";

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const shell = await caches.open(SHELL);
    await shell.addAll(TOLD.shell);
    // Nobody's page: asked for without cookies, so that it holds nothing of whoever was here.
    const page = await fetch(TOLD.offline, { credentials: "omit", cache: "reload" });
    if (page.ok) await shell.put(TOLD.offline, page);
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (![SHELL, PAGES, PICTURES].includes(name)) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

const trim = async (cache, most) => {
  const keys = await cache.keys();
  for (const key of keys.slice(0, Math.max(0, keys.length - most))) await cache.delete(key);
};

const remember = async (request, response) => {
  const cache = await caches.open(PAGES);
  const headers = new Headers(response.headers);
  headers.set("x-seen-at", new Date().toISOString());
  await cache.delete(request.url); // so that the one seen last is the last to go
  await cache.put(request.url, new Response(await response.blob(), { status: 200, headers }));
  await trim(cache, TOLD.pages_max);
};

const seen = async (request) => {
  const found = await (await caches.open(PAGES)).match(request.url);
  if (!found) return undefined;
  const html = await found.text();
  const marked = html.replace("<html ", `<html data-seen-at="${found.headers.get("x-seen-at")}" `);
  return new Response(marked, { status: 200, headers: { "content-type": "text/html; charset=utf-8" } });
};

const page = async (event) => {
  const { request } = event;
  try {
    const response = await fetch(request);
    const kept = response.headers.has("x-anybodys") && response.ok && !response.redirected && response.type === "basic";
    if (kept && (response.headers.get("content-type") || "").startsWith("text/html")) {
      event.waitUntil(remember(request, response.clone()));
    }
    return response;
  } catch {
    return (await seen(request)) || (await (await caches.open(SHELL)).match(TOLD.offline)) || Response.error();
  }
};

// Files have the hash of their contents in their name: the same name is the same file.
const file = async (event) => {
  const found = await caches.match(event.request);
  if (found) return found;
  const response = await fetch(event.request);
  if (response.ok && event.request.destination === "image") {
    const pictures = await caches.open(PICTURES);
    event.waitUntil(pictures.put(event.request, response.clone()).then(() => trim(pictures, TOLD.pictures_max)));
  }
  return response;
};

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.method === "POST" && url.pathname.includes("/accounts/")) {
    // Who signs in or out leaves nothing for the next one at this screen.
    event.waitUntil(caches.delete(PAGES));
    return;
  }
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (url.pathname.startsWith("/static/")) event.respondWith(file(event));
});

// A message for this device. What it says came encrypted; a message must be shown, or the browser takes the right away.
self.addEventListener("push", (event) => {
  let told = {};
  try { told = event.data.json(); } catch { /* not one of ours: shown without words */ }
  const { title = "", body = "", url = "/", tag = "" } = told;
  event.waitUntil(self.registration.showNotification(title, { body, tag, icon: TOLD.icon, data: { url } }));
});

// Leads to its page, in a window that is open if there is one.
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const target = new URL(event.notification.data.url, self.location.origin);
  if (target.origin !== self.location.origin) return;
  event.waitUntil((async () => {
    for (const client of await self.clients.matchAll({ type: "window" })) {
      if (client.url === target.href && "focus" in client) return client.focus();
    }
    return self.clients.openWindow(target.href);
  })());
});
