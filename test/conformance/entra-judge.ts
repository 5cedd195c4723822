/**
 * What Entra ID must do for a confidential client, as cases that speak through `@azure/msal-node` over HTTPS. Written
 * from the wire facts. The application has one secret and one certificate.
 */
import { ConfidentialClientApplication, type Configuration, type INetworkModule } from '@azure/msal-node';
import type { DataverseSimulator } from '../../fixtures/simulators/dataverse/index.ts';
import type { EntraSimulator } from '../../fixtures/simulators/entra.ts';
import { assert } from './expectations.ts';

export interface Credential {
  readonly thumbprintSha256: string;
  readonly privateKey: string;
}

export interface EntraBench {
  readonly entra: EntraSimulator;
  readonly dataverse: DataverseSimulator;
  /** Trusts the simulator's certificate. */
  readonly network: INetworkModule;
  readonly clientId: string;
  readonly secret: string;
  readonly registered: Credential;
  /** A key pair that nobody registered. */
  readonly unregistered: Credential;
}

export interface EntraCase {
  readonly name: string;
  run(bench: EntraBench): Promise<void>;
}

interface Auth {
  readonly clientSecret?: string;
  readonly clientCertificate?: Credential;
  readonly authority?: string;
  readonly clientId?: string;
}

function application(bench: EntraBench, auth: Auth): ConfidentialClientApplication {
  const configuration: Configuration = {
    auth: {
      clientId: bench.clientId,
      authority: bench.entra.authority,
      knownAuthorities: [new URL(bench.entra.url).host],
      ...auth,
    },
    system: { networkClient: bench.network },
  };
  return new ConfidentialClientApplication(configuration);
}

async function tokenFor(bench: EntraBench, auth: Auth, resource = bench.dataverse.url) {
  const answer = await application(bench, auth).acquireTokenByClientCredential({ scopes: [`${resource}/.default`] });
  if (!answer) throw new Error('no token was answered');
  return answer;
}

function whoAmI(bench: EntraBench, token: string): Promise<Response> {
  return fetch(`${bench.dataverse.url}/api/data/v9.2/WhoAmI`, { headers: { authorization: `Bearer ${token}` } });
}

/** What MSAL throws: a ServerError. */
async function failureOf(call: Promise<unknown>) {
  try {
    await call;
  } catch (error) {
    const { errorCode, errorNo, status, errorMessage } = error as Record<string, unknown>;
    return { errorCode, errorNo: Number(errorNo), status, message: String(errorMessage) };
  }
  throw new Error('refused was expected');
}

export const entraCases: readonly EntraCase[] = [
  {
    name: 'a secret buys a token that the organization takes, and the client keeps it',
    async run(bench) {
      const client = application(bench, { clientSecret: bench.secret });
      const scopes = [`${bench.dataverse.url}/.default`];

      const first = await client.acquireTokenByClientCredential({ scopes });
      const second = await client.acquireTokenByClientCredential({ scopes });

      const answer = await whoAmI(bench, first?.accessToken ?? '');
      const who = (await answer.json()) as Record<string, string>;
      assert.equal(who.OrganizationId, bench.dataverse.crm.organizationId);
      assert.deepEqual([first?.fromCache, second?.fromCache], [false, true]);
      assert.equal(bench.entra.counts().token, 1);
      const lifetime = ((first?.expiresOn?.getTime() ?? 0) - Date.now()) / 1000;
      assert.isTrue(lifetime > 3500 && lifetime < 3610, 'the token is good for about an hour');
    },
  },
  {
    name: 'a wrong secret is invalid_client, AADSTS7000215, 401',
    async run(bench) {
      const failure = await failureOf(tokenFor(bench, { clientSecret: 'wrong' }));

      assert.deepEqual([failure.errorCode, failure.errorNo, failure.status], ['invalid_client', 7000215, 401]);
    },
  },
  {
    name: 'a certificate signs an assertion that is taken',
    async run(bench) {
      const { accessToken } = await tokenFor(bench, { clientCertificate: bench.registered });

      assert.equal((await whoAmI(bench, accessToken)).status, 200);
    },
  },
  {
    name: "a key that is not the registered certificate's is invalid_client, whatever thumbprint it names",
    async run(bench) {
      const stolen = { ...bench.unregistered, thumbprintSha256: bench.registered.thumbprintSha256 };
      for (const clientCertificate of [bench.unregistered, stolen]) {
        const failure = await failureOf(tokenFor(bench, { clientCertificate }));

        assert.deepEqual([failure.errorCode, failure.errorNo, failure.status], ['invalid_client', 700027, 401]);
      }
    },
  },
  {
    name: 'an environment that is not known is invalid_resource, AADSTS500011, also with one slash too many',
    async run(bench) {
      for (const resource of ['https://elsewhere.example', `${bench.dataverse.url}/`]) {
        const failure = await failureOf(tokenFor(bench, { clientSecret: bench.secret }, resource));

        assert.deepEqual([failure.errorCode, failure.errorNo], ['invalid_resource', 500011]);
      }
    },
  },
  {
    name: 'an unknown tenant has no configuration to be found',
    async run(bench) {
      const authority = `${bench.entra.url}/00000000-0000-4000-8000-000000000000`;

      const failure = await failureOf(tokenFor(bench, { clientSecret: bench.secret, authority }));

      assert.isTrue(failure.errorCode !== undefined, 'MSAL names the failure');
      assert.equal(bench.entra.counts().token, undefined);
    },
  },
  {
    name: 'an unknown application is unauthorized_client, AADSTS700016',
    async run(bench) {
      const clientId = '00000000-0000-4000-8000-000000000001';

      const failure = await failureOf(tokenFor(bench, { clientSecret: bench.secret, clientId }));

      assert.deepEqual([failure.errorCode, failure.errorNo], ['unauthorized_client', 700016]);
    },
  },
  {
    name: 'a token dies with its time and by revocation, and another one is taken',
    async run(bench) {
      const { accessToken } = await tokenFor(bench, { clientSecret: bench.secret });
      bench.dataverse.crm.advance(3_700_000);
      const aged = await whoAmI(bench, accessToken);
      bench.dataverse.crm.advance(-3_700_000);
      bench.entra.revokeTokens();
      const revoked = await whoAmI(bench, accessToken);

      const fresh = await tokenFor(bench, { clientSecret: bench.secret });

      assert.deepEqual([aged.status, revoked.status], [401, 401]);
      assert.match(revoked.headers.get('www-authenticate') ?? '', /authorization_uri=.*error=invalid_token/);
      assert.equal((await whoAmI(bench, fresh.accessToken)).status, 200);
    },
  },
];
