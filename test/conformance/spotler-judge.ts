/**
 * What a Spotler account must do, as cases anybody can run against an address and a key. Written from the vendor's
 * description and public clients (wire: Spotler B.1 to B.9), not from the simulator: each case uses the wire only,
 * and an admin read where the wire cannot show it.
 */

import type { AdminContact, SpotlerOptions } from '../../fixtures/simulators/spotler/index.ts';
import { assert } from './expectations.ts';
import type { IndependentClient } from './spotler-client.ts';

export interface Bench {
  /** Signed for the unversioned path. */
  readonly client: IndependentClient;
  /** Signed for the path of version 1.1.0. */
  readonly versioned: IndependentClient;
  /** Right key, wrong secret. */
  readonly stranger: IndependentClient;
  admin<T = unknown>(route: string, body?: unknown): Promise<T>;
}

export interface Case {
  readonly name: string;
  readonly options?: Partial<SpotlerOptions>;
  run(bench: Bench): Promise<void>;
}

export function contact(externalId: string, properties: Record<string, unknown>, flags: object = {}) {
  return { ...flags, contact: { externalId, properties } };
}

export function list(contacts: [string, Record<string, unknown>][], flags: object = {}) {
  return { ...flags, contacts: contacts.map(([externalId, properties]) => ({ externalId, properties })) };
}

export async function show(bench: Bench, externalId: string): Promise<AdminContact | undefined> {
  const found = await bench.admin<AdminContact[]>(`GET /contacts?externalId=${encodeURIComponent(externalId)}`);
  return found[0];
}

export async function everybody(bench: Bench): Promise<AdminContact[]> {
  return bench.admin<AdminContact[]>('GET /contacts');
}

export const upsert = { update: true, purge: false };

/** The external ids that a search by address answers. */
export async function found(bench: Bench, email: string): Promise<(string | undefined)[]> {
  const query = encodeURIComponent(`email=${email}`);
  const answer = await bench.client.call('GET', `/contact/search?pageSize=10&MPSearchQuery=${query}`);
  assert.equal(answer.status, 200);
  const { contacts } = answer.json as { contacts?: { externalId?: string }[] };
  assert.isTrue(Array.isArray(contacts), 'the unversioned path wraps lists');
  return (contacts ?? []).map(({ externalId }) => externalId);
}
