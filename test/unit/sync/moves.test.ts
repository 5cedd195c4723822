/** Who takes a profile along, and who has to wait until what they left is settled. */
import { expect, test } from '@jest/globals';
import type { ProfileKey } from '../../../config/words.ts';
import type { Profile } from '../../../src/store/profiles.ts';
import type { View } from '../../../src/sync/gather.ts';
import { assign } from '../../../src/sync/moves.ts';
import { addPerson, addressOf, claimAndGather, id, nameOf, openRoom, pullAll, type Room, ref, settle } from './room.ts';

const keyOf = ({ core }: Room, n: number): ProfileKey => core.keyring.emailKey(addressOf(n)) as string as ProfileKey;

/**
 * Person 1 was at the address of person 2 once, whose contact still goes by the id of person 1, and goes from address 3 to
 * address 4; both are worked on.
 */
async function once(lead: { readonly email: string }) {
  const room = await openRoom();
  addPerson(room, 1, { email: addressOf(4) });
  addPerson(room, 2, {}, 'lead');
  await settle(room);
  room.world.crm.update(ref(2, 'lead'), { ...lead, columns: { name: 'edited' } });
  room.world.crm.update(ref(1), { columns: { name: 'edited' } });
  await pullAll(room);
  const { batch, gathered } = await claimAndGather(room);
  const [there, left] = [keyOf(room, 2), keyOf(room, 3)];
  const was = (view: View): View =>
    view.name === nameOf(1) ? { ...view, ledger: { ...view.ledger, profileKey: left, sentKey: there } } : view;
  const profiles = new Map(gathered.profiles);
  profiles.set(there, { ...(profiles.get(there) as Profile), contactKey: id(1) });
  return { room, assignment: await assign(batch, { ...gathered, profiles, views: gathered.views.map(was) }), there };
}

test('who was sent for a profile once, which is the home of somebody else, is written after that one', async () => {
  const { room, assignment, there } = await once({ email: addressOf(2) });
  expect([...(assignment.origins.get(keyOf(room, 4)) ?? [])]).toEqual([there]);
  expect([...assignment.left]).toEqual([there]);
  expect(assignment.profiles.get(there)?.state).toBe('live');
});

test('and does not keep the other one from taking it along', async () => {
  const { room, assignment, there } = await once({ email: addressOf(5) });
  expect(assignment.profiles.get(keyOf(room, 5))?.state).toBe('live');
  expect(assignment.profiles.get(there)?.state).toBe('absent');
  expect([...assignment.left]).toEqual([]);
});
