/** What people do in the simulated Spotler account without us. */
import type { ContactChange } from '../../fixtures/simulators/spotler/index.ts';
import type { World } from '../../fixtures/simulators/world.ts';

type Chosen = { readonly email: string } | { readonly externalId: string };

async function post(world: World, path: string, body: object): Promise<void> {
  const answer = await fetch(`${world.spotler.adminUrl}${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
}

export function changeByHand(world: World, chosen: Chosen, change: ContactChange): Promise<void> {
  return post(world, '/contacts/change', { ...chosen, change });
}

/** The contact is gone, and nobody told us. */
export function anonymizeByHand(world: World, chosen: Chosen): Promise<void> {
  return post(world, '/contacts/anonymize', chosen);
}
