/**
 * Guards of an erasure that waits for a target which is away, each broken on purpose: what the random histories do not
 * find here they would not find in the product either.
 */
import type { Profile } from '../../../src/store/profiles.ts';
import type { Core } from '../../../src/sync/core.ts';

export type Plant = (core: Core) => Core;

function withErasures(core: Core, change: Partial<Core['store']['erasures']>): Core {
  return { ...core, store: { ...core.store, erasures: { ...core.store.erasures, ...change } } };
}

/** Nobody looks whether the person is there again: neither when they come somewhere, nor before the erasure is closed. */
const comersForgotten: Plant = (core) => {
  const { profiles } = core.store;
  const absent = (profile: Profile): Profile => ({ ...profile, state: 'absent', openIntents: [] });
  const bent = withErasures(core, { reopenFor: async () => 0 });
  return {
    ...bent,
    store: {
      ...bent.store,
      profiles: {
        ...profiles,
        async peek(target, keys) {
          const known = new Map((await profiles.peek(target, keys)).map((profile) => [profile.key, profile]));
          return keys.map((key) => absent({ ...nobody, ...known.get(key), key }));
        },
      },
    },
  };
};

const nobody: Omit<Profile, 'key'> = {
  state: 'absent',
  contactKey: undefined,
  contactKeys: [],
  owner: undefined,
  dataFingerprint: undefined,
  permissionFingerprint: undefined,
  bitsBefore: undefined,
  addressDirty: false,
  openIntents: [],
};

/** Whoever was erased along is like anybody else until the erasure is closed. */
const companionsForgotten: Plant = (core) =>
  withErasures(core, {
    openFor: async (refs, keys) => ({ ...(await core.store.erasures.openFor(refs, keys)), along: new Set() }),
  });

/** Whoever was erased along on one target is not looked for on those that had answered before. */
const companionsLeft: Plant = (core) => ({
  ...core,
  store: { ...core.store, deliveries: { ...core.store.deliveries, peek: async () => [] } },
});

/** `seed`: one with which it is found soon; with most others it takes some hundred histories. */
export const plantedInHistories: readonly { readonly name: string; readonly plant: Plant; readonly seed: number }[] = [
  {
    name: 'an erased person who comes to an address while another target is away stays there',
    plant: comersForgotten,
    seed: 3,
  },
  {
    name: 'whoever was erased along comes back before the erasure is complete',
    plant: companionsForgotten,
    seed: 2,
  },
  { name: 'whoever was erased along on one target stays on another', plant: companionsLeft, seed: 16 },
];
