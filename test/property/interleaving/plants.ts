/**
 * Guards that are broken on purpose, each as a wrapper around what a worker is given: what the exploration does not find
 * it would not find in the product either.
 */
import { formatRecordRef, type TargetName } from '../../../config/words.ts';
import type { Row } from '../../../src/dataverse/crm.ts';
import type { Profile } from '../../../src/store/profiles.ts';
import type { Store, UnitOfWork } from '../../../src/store/store.ts';
import type { Core } from '../../../src/sync/core.ts';
import type { Plant } from './scenarios.ts';

function withStore(core: Core, change: Partial<Store>): Core {
  return { ...core, store: { ...core.store, ...change } };
}

/** Whoever completes is believed to have the lease still. */
export const leaseIgnoredOnCompletion: Plant = (core, world) => {
  const { tables } = world.store;
  const seize = (unit: UnitOfWork): UnitOfWork => ({
    ...unit,
    changeProfiles(lease, changes) {
      for (const { key } of changes) {
        const row = tables.profiles.get(lease.target)?.get(key);
        if (row) row.lease_token = lease.token;
      }
      return unit.changeProfiles(lease, changes);
    },
    completeDeliveries(lease, completions) {
      for (const { ref } of completions) {
        const row = tables.deliveries.get(lease.target)?.get(formatRecordRef(ref));
        if (row) row.lease_token = lease.token;
      }
      return unit.completeDeliveries(lease, completions);
    },
  });
  return withStore(core, { transaction: (work) => core.store.transaction((unit) => work(seize(unit))) });
};

/** Rows are those that were there when the work was claimed, not when the leases of the people were taken. */
export const rowsReadBeforeTheLeases: Plant = (core, world) => {
  let kept: ReadonlyMap<string, Row> | undefined;
  const port = world.crm.connect();
  const signal = new AbortController().signal;
  return {
    ...withStore(core, {
      deliveries: {
        ...core.store.deliveries,
        async claim(lease, limit, epoch) {
          const claimed = await core.store.deliveries.claim(lease, limit, epoch);
          const rows = new Map<string, Row>();
          for (const record of world.crm.records.values()) {
            const row = await port.readRow(record, signal);
            if (row && 'etag' in row) rows.set(formatRecordRef(record), row);
          }
          kept = rows;
          return claimed;
        },
      },
    }),
    crm: {
      ...core.crm,
      async readRows(table, ids, given) {
        const read = await core.crm.readRows(table, ids, given);
        if (!kept) return read;
        const old = ids.flatMap((id) => kept?.get(`${table}/${id}`) ?? []);
        return { ...read, rows: old, missing: ids.filter((id) => !kept?.has(`${table}/${id}`)) };
      },
    },
  };
};

/** Nobody looks at calls whose answers were lost. */
export const intentsNotHonoured: Plant = (core) => {
  const blind = (profiles: Profile[]): Profile[] => profiles.map((profile) => ({ ...profile, openIntents: [] }));
  const { profiles } = core.store;
  return withStore(core, {
    profiles: {
      ...profiles,
      lease: async (lease, keys) => blind(await profiles.lease(lease, keys)),
      load: async (lease, keys) => blind(await profiles.load(lease, keys)),
    },
  });
};

/** What was erased on request is not marked. */
export const etagMarkIgnored: Plant = (core) => {
  const { erasures } = core.store;
  return withStore(core, {
    erasures: {
      ...erasures,
      close: (erasure, _marks, stillEligible, suppress) => erasures.close(erasure, [], stillEligible, suppress),
    },
  });
};

/** An external id that another live profile has is sent all the same. */
export const crossingIgnored: Plant = (core, world) => {
  const { profiles } = core.store;
  return withStore(core, {
    profiles: {
      ...profiles,
      async begin(lease, intents, contactKeys) {
        await profiles.begin(lease, intents, []);
        const ids = world.store.tables.contactKeys.get(lease.target) ?? new Map();
        for (const { profileKey, contactKey } of contactKeys)
          ids.set(contactKey, { contact_key: contactKey, profile_key: profileKey, added_at: world.now() });
        world.store.tables.contactKeys.set(lease.target, ids);
        return [];
      },
    },
  });
};

/** The window is counted first and the place in it taken later. */
export const brakeCountedOutsideTheLock: Plant = (core, world) => {
  const { brake } = core.store;
  const passed = (target: TargetName): number =>
    world.store.tables.brakePasses.filter((pass) => pass.target === target && !pass.explicit).length;
  return withStore(core, {
    brake: {
      ...brake,
      async settleLots(target, limits) {
        const before = passed(target);
        await brake.holds();
        const allowed = (live: number): number => limits.allowed(live) + passed(target) - before;
        return brake.settleLots(target, { ...limits, allowed });
      },
    },
  });
};

/** What comes in during the work is taken for done. */
export const newsForgotten: Plant = (core) =>
  withStore(core, {
    transaction: (work) =>
      core.store.transaction((unit) =>
        work({
          ...unit,
          completeDeliveries: (lease, completions) =>
            unit.completeDeliveries(
              lease,
              completions.map((completion) => ({ ...completion, seq: Number.MAX_SAFE_INTEGER })),
            ),
        }),
      ),
  });

/** The siblings' feeds are not read before somebody is erased automatically. */
export const siblingsNotPulled: Plant = (core) => {
  let isApplying = false;
  const { deliveries } = core.store;
  return {
    ...withStore(core, {
      deliveries: {
        ...deliveries,
        async claim(lease, limit, epoch) {
          const claimed = await deliveries.claim(lease, limit, epoch);
          isApplying = claimed.length > 0;
          return claimed;
        },
        async release(lease) {
          isApplying = false;
          return deliveries.release(lease);
        },
      },
    }),
    crm: {
      ...core.crm,
      async followChanges(table, link, signal) {
        if (isApplying) return { changes: [], nextLink: undefined, deltaLink: link };
        return core.crm.followChanges(table, link, signal);
      },
    },
  };
};
