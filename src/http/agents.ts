/**
 * Where connections come from. Guarantees: connections are kept alive and reused, certificates are verified (further
 * authorities through NODE_EXTRA_CA_CERTS, which Node reads itself), HTTPS goes through the proxy that HTTPS_PROXY and
 * NO_PROXY name. Plain HTTP, which is allowed to loopback only, never goes through a proxy.
 */
import http from 'node:http';
import https from 'node:https';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { ConnectorError } from './errors.ts';

export interface Agents {
  /** The agent for one URL. Throws `config` HTTP_PROXY_INVALID when the proxy's own address cannot be read. */
  forUrl(url: URL): http.Agent;
  /** Closes idle connections; running requests end as they may. */
  close(): void;
}

export function createAgents(service: string, proxyFor: (url: string) => string): Agents {
  const plain = new http.Agent({ keepAlive: true });
  const direct = new https.Agent({ keepAlive: true });
  const proxied = new Map<string, http.Agent>();

  function throughProxy(proxy: string): http.Agent {
    const known = proxied.get(proxy);
    if (known) return known;
    try {
      const agent = new HttpsProxyAgent(proxy, { keepAlive: true }) as unknown as http.Agent;
      proxied.set(proxy, agent);
      return agent;
    } catch {
      // The original error quotes the proxy's URL, which may hold a password.
      throw new ConnectorError(
        'config',
        'HTTP_PROXY_INVALID',
        `The proxy address for ${service} cannot be read. Set HTTPS_PROXY to something like http://proxy:3128.`,
      );
    }
  }

  return {
    forUrl(url) {
      if (url.protocol === 'http:') return plain;
      const proxy = proxyFor(url.href);
      return proxy === '' ? direct : throughProxy(proxy);
    },
    close() {
      for (const agent of [plain, direct, ...proxied.values()]) agent.destroy();
    },
  };
}
