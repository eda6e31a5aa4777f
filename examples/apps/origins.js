// Browsers say which page opens a WebSocket. Pages of others may not speak for those who look at them; programs name no page.

/** Whether a request comes from this server's own page, from one of `others`, or from a program. */
export function isFromHere(request, others = []) {
  const origin = request.headers.get('origin');
  return origin === null || others.includes(origin) || URL.parse(origin)?.host === request.headers.get('host');
}
