/** Whether a URL's host name is this machine's own: what plain HTTP may be spoken to in tests. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
