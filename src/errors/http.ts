/** Codes about calls to any service, where the service itself said nothing more. */
import type { ErrorGroup } from './entry.ts';

export const httpErrors: ErrorGroup = {
  title: 'Calls to any service',
  where:
    'The log, the pause of a target, the reason of a parked record or of an open erasure. The sentence names the service and the call.',
  entries: {
    HTTP_NETWORK: [
      'retry',
      'The connection to a service failed; the sentence ends with the code of the system.',
      'Check the address, the network, DNS and the proxy (HTTPS_PROXY, NO_PROXY).',
    ],
    HTTP_TIMEOUT: [
      'retry',
      'A service did not finish a call in time.',
      'Nothing; if it lasts, check the network and the service.',
    ],
    HTTP_ABORTED: [
      'retry',
      'A call was given up from our side, because the process ends or the command was stopped.',
      'Nothing.',
    ],
    HTTP_CERTIFICATE: [
      'retry',
      'The certificate of a service is not trusted.',
      'For an authority of your own set NODE_EXTRA_CA_CERTS.',
    ],
    HTTP_REDIRECT: [
      'config',
      'A service redirects calls elsewhere; they are not followed.',
      'Set dataverse.url (or the baseUrl of the target) to the address that it really answers at.',
    ],
    HTTP_HOST_REFUSED: [
      'config',
      'A call would have gone to another host than the configured one, or there without TLS; it was not sent.',
      'Set dataverse.url (or the baseUrl of the target) to the https address that the service itself uses.',
    ],
    HTTP_PROXY_INVALID: [
      'config',
      'The proxy address of the environment cannot be read.',
      'Set HTTPS_PROXY to something like http://proxy:3128.',
    ],
    HTTP_407: [
      'config',
      'The proxy on the way to a service wants credentials.',
      'Put them into HTTPS_PROXY, or list the host in NO_PROXY.',
    ],
    HTTP_NOT_JSON: [
      'retry',
      'A service answered with something that is not JSON, e.g. the page of a proxy or load balancer.',
      'Nothing; if it lasts, check the address and what lies on the way to it.',
    ],
    HTTP_TOO_LARGE: [
      'park',
      'A service answered with more than the connector takes in one answer.',
      'Lower dataverse.pageSize when it was Dataverse; map fewer or shorter texts.',
    ],
    HTTP_429: [
      'wait',
      'A service says that there were too many calls; the whole fleet waits, and then goes more slowly.',
      "Nothing; if it stays so, lower the target's requestsPerSecond or see who else uses the account.",
    ],
    HTTP_400: [
      'retry',
      'A call was refused on the way to the platform: the answer is not in its form.',
      'Check what lies between (proxy, firewall) and the baseUrl.',
    ],
    'HTTP_<status>': [
      'varies',
      'A service answered with this status and said nothing that is known about it: 401 and 403 stop the target, 404 and 410 say that something does not exist, 408 and 5xx are tried again, other 4xx keep the record aside.',
      'For 401 and 403 check the credentials of the target; for 404 its baseUrl; for others look at the service first, then: connector parked retry.',
    ],
    OAUTH_PARAMETER_TAKEN: [
      'config',
      'A fault of this program: a call names a parameter that belongs to the OAuth signature.',
      'Report it with the version (connector --version).',
    ],
    WEBHOOK_REFUSED: [
      'retry',
      'The alarm webhook answered with an error.',
      'See that alarms.webhook.url is right and that whoever listens there takes the signature.',
    ],
  },
};
