/**
 * The Entra ID simulator over HTTPS against `@azure/msal-node`, and that judge against simulators that were broken on
 * purpose; then what MSAL never sends.
 */
import { constants, createHash, createPrivateKey, createSign, X509Certificate } from 'node:crypto';
import https from 'node:https';
import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node';
import { generate } from 'selfsigned';
import { startDataverseSimulator } from '../../fixtures/simulators/dataverse/index.ts';
import { type EntraSabotage, startEntraSimulator } from '../../fixtures/simulators/entra.ts';
import { createTokenAuthority } from '../../fixtures/simulators/entra-tokens.ts';
import { type Certificate, makeCertificate } from '../../fixtures/simulators/kit.ts';
import { type Credential, type EntraBench, type EntraCase, entraCases } from './entra-judge.ts';

const clientId = '9f1c7f0e-3a55-4a8e-9a53-0d3f1b1c2d3e';
const tenant = '6d0c2c4e-7d0a-4a1b-8a44-1f9f0f8e7c11';
const secret = 'a secret of the simulator';

let certificate: Certificate;
let registered: Credential & { readonly pem: string };
let unregistered: Credential;

beforeAll(async () => {
  certificate = await makeCertificate();
  registered = await keyPair();
  unregistered = await keyPair();
});

async function keyPair(): Promise<Credential & { readonly pem: string }> {
  const made = await generate([{ name: 'commonName', value: 'connector' }], { keySize: 2048, algorithm: 'sha256' });
  const der = new X509Certificate(made.cert).raw;
  return { privateKey: made.private, pem: made.cert, thumbprintSha256: createHash('sha256').update(der).digest('hex') };
}

/** What MSAL asks of a network, trusting one authority. */
function networkTrusting(ca: string): INetworkModule {
  const agent = new https.Agent({ ca });
  function send<T>(method: string, url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> {
    return new Promise((resolve, reject) => {
      const request = https.request(url, { method, agent, headers: options?.headers ?? {} }, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => {
          const body = (text === '' ? {} : JSON.parse(text)) as T;
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers as Record<string, string>, body });
        });
      });
      request.on('error', reject);
      request.end(options?.body);
    });
  }
  return {
    sendGetRequestAsync: (url, options) => send('GET', url, options),
    sendPostRequestAsync: (url, options) => send('POST', url, options),
  };
}

async function withBench(
  sabotage: readonly EntraSabotage[],
  work: (bench: EntraBench) => Promise<void>,
): Promise<void> {
  const tokens = createTokenAuthority();
  const dataverse = await startDataverseSimulator({ tokens, applicationId: clientId, seed: 1 });
  const entra = await startEntraSimulator({
    tokens,
    tenant,
    applications: [{ clientId, secrets: [secret], certificates: [registered.pem] }],
    resources: [dataverse.url],
    tls: { key: certificate.key, cert: certificate.cert },
    sabotage,
  });
  try {
    await work({
      entra,
      dataverse,
      network: networkTrusting(certificate.ca),
      clientId,
      secret,
      registered,
      unregistered,
    });
  } finally {
    await Promise.all([entra.close(), dataverse.close()]);
  }
}

function judge(one: EntraCase, sabotage: readonly EntraSabotage[] = []): Promise<void> {
  return withBench(sabotage, (bench) => one.run(bench));
}

describe('the Entra ID simulator', () => {
  it.each(entraCases)('$name', async (one) => {
    await expect(judge(one)).resolves.toBeUndefined();
  });
});

describe('the judge of the Entra ID simulator', () => {
  it.each<[EntraSabotage, string]>([
    ['any-secret', 'a wrong secret is invalid_client, AADSTS7000215, 401'],
    ['any-assertion', "a key that is not the registered certificate's is invalid_client, whatever thumbprint it names"],
    ['foreign-issuer', 'a secret buys a token that the organization takes, and the client keeps it'],
    [
      'any-resource',
      'an environment that is not known is invalid_resource, AADSTS500011, also with one slash too many',
    ],
  ])('notices the planted fault %s', async (sabotage, noticedBy) => {
    const failed: string[] = [];
    for (const one of entraCases) await judge(one, [sabotage]).catch(() => failed.push(one.name));

    expect(failed).toContain(noticedBy);
  });
});

describe('the wire of the Entra ID simulator', () => {
  function assertion(changes: Record<string, unknown>, audience: string): string {
    const now = Math.floor(Date.now() / 1000);
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const thumbprint = Buffer.from(registered.thumbprintSha256, 'hex').toString('base64url');
    const header = encode({ alg: 'PS256', typ: 'JWT', 'x5t#S256': thumbprint });
    const claims = { aud: audience, iss: clientId, sub: clientId, jti: 'one', nbf: now, exp: now + 600, ...changes };
    const text = `${header}.${encode(claims)}`;
    const key = {
      key: createPrivateKey(registered.privateKey),
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: 32,
    };
    return `${text}.${createSign('sha256').update(text).sign(key).toString('base64url')}`;
  }

  async function askWith({ entra, dataverse, network }: EntraBench, changes: Record<string, unknown>) {
    const endpoint = `${entra.authority}/oauth2/v2.0/token`;
    const form = new URLSearchParams({
      client_id: clientId,
      grant_type: 'client_credentials',
      scope: `${dataverse.url}/.default`,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion(changes, endpoint),
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await network.sendPostRequestAsync<{ error_codes?: number[] }>(endpoint, {
      headers,
      body: String(form),
    });
    return answer.status === 200 ? 'token' : answer.body.error_codes?.[0];
  }

  it('checks audience, issuer, subject and time of an assertion, and takes it once', async () => {
    await withBench([], async (bench) => {
      const now = Math.floor(Date.now() / 1000);

      expect(await askWith(bench, { aud: 'https://elsewhere.example' })).toBe(700023);
      expect(await askWith(bench, { iss: 'somebody' })).toBe(700021);
      expect(await askWith(bench, { sub: 'somebody' })).toBe(700021);
      expect(await askWith(bench, { nbf: now - 3600, exp: now - 1800 })).toBe(700024);
      expect(await askWith(bench, {})).toBe('token');
      expect(await askWith(bench, {})).toBe(700025);
    });
  });

  it('says AADSTS90002 for an unknown tenant and refuses a scope without .default', async () => {
    await withBench([], async ({ entra, network }) => {
      const send = async (authority: string, scope: string) => {
        const form = { client_id: clientId, grant_type: 'client_credentials', scope, client_secret: secret };
        const body = String(new URLSearchParams(form));
        const answer = await network.sendPostRequestAsync<{ error: string; error_description: string }>(
          `${authority}/oauth2/v2.0/token`,
          { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body },
        );
        return `${answer.status} ${answer.body.error} ${answer.body.error_description.split(':')[0]}`;
      };

      expect(await send(`${entra.url}/other`, 'x/.default')).toBe('400 invalid_tenant AADSTS90002');
      expect(await send(entra.authority, 'x/user_impersonation')).toBe('400 invalid_scope AADSTS1002012');
    });
  });

  it('tells its own host when asked for instance discovery', async () => {
    await withBench([], async ({ entra, network }) => {
      const asked = encodeURIComponent(`${entra.authority}/oauth2/v2.0/authorize`);
      const url = `${entra.url}/common/discovery/instance?api-version=1.1&authorization_endpoint=${asked}`;

      const answer = await network.sendGetRequestAsync<Record<string, unknown>>(url);

      expect(answer.body.tenant_discovery_endpoint).toBe(`${entra.authority}/v2.0/.well-known/openid-configuration`);
    });
  });
});
