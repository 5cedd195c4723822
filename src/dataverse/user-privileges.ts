/**
 * What the calling user's roles allow, all of them together. Says `undefined` where Dataverse does not tell: that is no
 * "no". Wire: function RetrieveUserPrivileges, answer `{RolePrivileges: [{PrivilegeName, Depth}]}`.
 */
import { isConnectorError } from '../http/errors.ts';
import { type DataverseClient, isJson } from './client.ts';

export type Privileges = ReadonlyMap<string, ReadonlySet<string>>;

/** Name of the privilege → depths at which it is held. Throws HTTP_ABORTED only. */
export async function readPrivileges(
  client: DataverseClient,
  userId: string,
  signal: AbortSignal,
): Promise<Privileges | undefined> {
  let listed: unknown;
  try {
    const path = `systemusers(${userId})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges`;
    const answer = await client.get(path, { template: 'GET /systemusers({id})/RetrieveUserPrivileges', signal });
    listed = answer.RolePrivileges;
  } catch (error) {
    if (!isConnectorError(error) || error.code === 'HTTP_ABORTED') throw error;
    return undefined;
  }
  if (!Array.isArray(listed)) return undefined;
  const held = new Map<string, Set<string>>();
  for (const { PrivilegeName: name, Depth: depth } of listed.filter(isJson)) {
    if (typeof name !== 'string' || typeof depth !== 'string') continue;
    held.set(name, (held.get(name) ?? new Set()).add(depth));
  }
  return held.size > 0 ? held : undefined;
}
