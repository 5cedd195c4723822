/** Another hash key: refused until the ledger was carried over, and nothing is lost or sent by carrying it over. */
import { expect, test } from '@jest/globals';
import { Personal } from '../../../config/words.ts';
import { normaliseAddress } from '../../../src/rules/address.ts';
import { createKeyring } from '../../../src/store/email-key.ts';
import { rekey } from '../../../src/sync/rekey.ts';
import { addPerson, contactOf, edit, livePeople, remove } from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';
import type { Worker } from '../../support/worker.ts';

const scene = scenario();
const newKey = 'another hash key of at least thirty-two bytes';
const { signal } = new AbortController();

function privacyOf(worker: Worker) {
  return { hashKey: newKey, previousHashKeys: [worker.settings.privacy.hashKey.reveal()] };
}

async function carryOver(worker: Worker): Promise<{ records: number; profiles: number }> {
  const { hashKey, previousHashKeys } = privacyOf(worker);
  const keyring = createKeyring({
    hashKey: new Personal(hashKey),
    previous: previousHashKeys.map((key) => new Personal(key)),
    normalise: normaliseAddress,
  });
  return rekey({ ...worker.core, keyring }, signal);
}

test('a changed key is refused: an unknown one for good, one with its predecessor listed until the ledger is carried over', async () => {
  addPerson(scene.world, {});
  const worker = await scene.open();
  await worker.settle();
  await expect(scene.open({ config: { privacy: { hashKey: newKey } } })).rejects.toMatchObject({
    code: 'HASH_KEY_DIFFERS',
  });
  await expect(scene.open({ config: { privacy: privacyOf(worker) } })).rejects.toMatchObject({ code: 'REKEY_NEEDED' });
});

test('after carrying over nothing is sent, changes and deletions find their people, and the suppressed stay out', async () => {
  const { world } = scene;
  const anna = addPerson(world, {});
  const bert = addPerson(world, {});
  const carla = addPerson(world, { emailaddress1: 'carla@people.example' });
  const worker = await scene.open();
  await worker.core.store.suppressions.add(
    'address',
    worker.core.keyring.emailKey('carla@people.example'),
    'asked for it',
  );
  await worker.settle();
  expect(livePeople(world)).toHaveLength(2);

  expect(await carryOver(worker)).toMatchObject({ records: 3 });
  expect(await worker.useCases.apply(worker.settings.targets[0]!.name, signal)).toMatchObject({ claimed: 0 });
  const next = await scene.open({ config: { privacy: privacyOf(worker) } });
  world.spotler.resetCounts();
  await next.settle();
  expect(world.spotler.counts()['POST /contact/list'] ?? 0).toBe(0);

  edit(world, anna, { firstname: 'Changed' });
  edit(world, carla, { firstname: 'Changed' });
  remove(world, bert);
  await next.settle();
  expect(contactOf(world, anna.email)?.properties).toMatchObject({ firstName: 'Changed' });
  expect(contactOf(world, bert.email)).toBeUndefined();
  expect(livePeople(world)).toHaveLength(1);
});

test('carrying over can be repeated, and a key that nobody listed is refused', async () => {
  addPerson(scene.world, {});
  const worker = await scene.open();
  await worker.settle();
  expect(await carryOver(worker)).toMatchObject({ profiles: 1 });
  expect(await carryOver(worker)).toEqual({ records: 0, profiles: 0 });
  const stranger = createKeyring({ hashKey: new Personal('x'.repeat(40)), previous: [], normalise: normaliseAddress });
  await expect(rekey({ ...worker.core, keyring: stranger }, signal)).rejects.toMatchObject({
    code: 'HASH_KEY_UNKNOWN',
  });
});
