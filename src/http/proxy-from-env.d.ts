/** The package ships no types. Reads HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY; answers '' for "no proxy". */
declare module 'proxy-from-env' {
  export function getProxyForUrl(url: string): string;
}
