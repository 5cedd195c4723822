/**
 * From the deletion of a row in the CRM until the platform holds that person no more: what a worker needs that looks by the
 * clock, and one that is told by the webhook (and looks once a minute only). Dynamics' own delay before it tells is not in
 * it. Both ends are looked at from outside, every twentieth of a second.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { webhookSecretHeader } from '../../config/words.ts';
import { dice } from '../../fixtures/people/dice.ts';
import type { Group } from '../support/worker.ts';
import type { BenchOptions } from './options.ts';
import { p95, type Row, seconds } from './report.ts';
import { spotlerConfiguration } from './settings.ts';
import type { Stage, World } from './stage.ts';

/** Milliseconds. */
const allowance = 2000;
const lookEvery = 50;
const longestGap = 600;
const giveUpAfter = 120_000;
const secret = 'bench-webhook-secret-0123456789';

export async function delays(stage: Stage, options: BenchOptions): Promise<Row[]> {
  const { deletions, pollSeconds } = options;
  stage.note(`deleting ${deletions} people, looking every ${pollSeconds} s`);
  const polled = await deleted(stage, options, pollSeconds, false);
  stage.note(`deleting ${deletions} people, told by the webhook`);
  const told = await deleted(stage, options, 60, true);
  const poll = pollSeconds * 1000;
  return [
    row(
      `deleted → anonymized: p95 ≤ poll interval + ${allowance / 1000} s`,
      polled,
      poll + allowance,
      `poll ${poll / 1000} s`,
    ),
    row(`deleted → anonymized, webhook: p95 ≤ ${allowance / 1000} s`, told, allowance, 'told at once, poll 60 s'),
  ];
}

function row(bar: string, values: readonly number[], bound: number, how: string): Row {
  const value = p95(values);
  const middle = [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? value;
  return {
    bar,
    measured: `p95 ${seconds(value)}, median ${seconds(middle)}`,
    against: `${seconds(bound)} (${how}, ${values.length} deletions)`,
    ratio: value / bound,
    met: value <= bound,
  };
}

/** Milliseconds of each deletion. */
async function deleted(stage: Stage, options: BenchOptions, pollSeconds: number, tell: boolean): Promise<number[]> {
  const world = await stage.world(0);
  const ids = Array.from({ length: options.deletions }, () => randomUUID());
  await world.dataverse.post('/rows', { table: 'contact', rows: ids.map(personOf) });
  const webhook = { url: 'https://connector.example/hooks/dataverse', secret };
  const connector = await stage.connector(configuration(world, pollSeconds, tell ? { webhook } : {}));
  const worker = await connector.start();
  while ((await world.spotler.get<{ live: number }>('/summary')).live < ids.length) await delay(100);
  while ((await connector.owed()) > 0) await delay(100);

  const roll = dice(options.seed);
  const watched: Promise<number>[] = [];
  for (const id of ids) {
    // At moments that have nothing to do with the clock that looks.
    await delay(roll.below(longestGap));
    const began = performance.now();
    await world.dataverse.post('/delete', { table: 'contact', id });
    if (tell) await post(worker.health);
    watched.push(gone(world, id, began));
  }
  const values = await Promise.all(watched);
  await worker.stop();
  await connector.close();
  await world.close();
  return values;
}

function configuration(world: World, pollSeconds: number, server: Group): Group {
  const base = spotlerConfiguration(world.description) as { readonly dataverse: Group; readonly server: Group };
  return { ...base, dataverse: { ...base.dataverse, pollSeconds }, server: { ...base.server, ...server } };
}

function personOf(contactid: string, index: number): object {
  return { contactid, firstname: 'Bench', lastname: `Person ${index}`, emailaddress1: `person-${index}@bench.example` };
}

/** As Dynamics does it. Wire: use-webhooks. */
async function post(health: string): Promise<void> {
  const answer = await fetch(`${health}/hooks/dataverse`, {
    method: 'POST',
    headers: {
      [webhookSecretHeader]: secret,
      'content-type': 'application/json',
      'x-ms-dynamics-entity-name': 'contact',
      'x-ms-dynamics-request-name': 'Delete',
    },
    body: '{}',
  });
  if (answer.status !== 204) throw new Error(`the webhook answered ${answer.status}`);
}

async function gone(world: World, id: string, began: number): Promise<number> {
  for (;;) {
    const found = await world.spotler.get<{ anonymized: boolean }[]>(`/contacts?externalId=${id}`);
    const passed = performance.now() - began;
    if (found.every((contact) => contact.anonymized)) return passed;
    if (passed > giveUpAfter) throw new Error('somebody deleted is still on the platform');
    await delay(lookEvery);
  }
}
