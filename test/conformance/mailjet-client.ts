/**
 * Mailjet's own client, `node-mailjet`, led to a simulator: it knows nothing of ours, nor of the simulator's inside.
 * Erasing is done with plain fetch, since version 6 builds another path for it than the documented one.
 */
import Mailjet from 'node-mailjet';

export interface Answer {
  readonly status: number;
  readonly count: number | undefined;
  readonly data: readonly Record<string, unknown>[];
  /** The vendor's message, as text. */
  readonly message: string;
}

export interface Question {
  readonly id?: string | number;
  readonly action?: string;
  /** What comes after the action in the path. */
  readonly actionId?: number;
  readonly body?: Record<string, unknown>;
  readonly params?: Record<string, string | number | boolean>;
}

export interface VendorClient {
  call(method: 'get' | 'post' | 'put' | 'delete', resource: string, question?: Question): Promise<Answer>;
}

export interface Keys {
  readonly publicKey: string;
  readonly secretKey: string;
}

interface Envelope {
  readonly Count?: number;
  readonly Data?: readonly Record<string, unknown>[];
  readonly ErrorMessage?: unknown;
}

/** @param url where the simulator answers, plain HTTP */
export function vendorClient(url: string, { publicKey, secretKey }: Keys): VendorClient {
  // The vendor has no setting for it.
  (Mailjet.Request as unknown as { protocol: string }).protocol = 'http://';
  const client = Mailjet.Client.apiConnect(publicKey, secretKey, { config: { host: new URL(url).host } });

  return {
    async call(method, resource, { id, action, actionId, body, params } = {}) {
      const request = client[method](resource, { version: 'v3' });
      if (id !== undefined) request.id(id as number);
      if (action !== undefined) request.action(action);
      if (actionId !== undefined) request.id(actionId);
      try {
        const { response, body: answer } = await request.request(body, params);
        return shown(response.status, answer as Envelope);
      } catch (error) {
        const { statusCode, response } = error as { statusCode?: number; response?: { data?: unknown } };
        if (statusCode === undefined) throw error;
        return shown(statusCode, (response?.data ?? {}) as Envelope);
      }
    },
  };
}

function shown(status: number, body: Envelope | string | null): Answer {
  const { Count: count, Data: data = [], ErrorMessage: said = '' } = typeof body === 'object' && body ? body : {};
  return { status, count, data, message: typeof said === 'string' ? said : JSON.stringify(said) };
}
