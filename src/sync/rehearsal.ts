/**
 * A full cycle that is only played: the same code as `sync` (fullCycle, pull, apply, the brake) over a copy of the
 * ledger, with Dynamics to be read only and stand-ins for the targets. Guarantees: nothing is written anywhere, in the
 * ledger neither; what is announced comes from the code that would do it. Does not foresee what others do meanwhile, nor
 * what a platform alone would refuse.
 */
import type { Settings } from '../../config/settings.ts';
import type { ProfileKey, RecordRef, TargetName } from '../../config/words.ts';
import type { Crm } from '../dataverse/crm.ts';
import type { Platform } from '../platforms/platform.ts';
import type { ProfileDecision } from '../rules/facts.ts';
import type { Profile } from '../store/profiles.ts';
import type { Shadow, Share } from '../store/shadow.ts';
import type { Store } from '../store/store.ts';
import { checkIdentities, takeConfiguration, type Wanted } from './configuration.ts';
import type { Core, Keyring, Target } from './core.ts';
import { type CycleSummary, fullCycle } from './full-cycle.ts';
import { noMeter } from './meter.ts';
import { readOnlyCrm } from './rehearsal-crm.ts';
import { type Call, createStandIn } from './rehearsal-platform.ts';
import { checkRemovedTargets, forgetRemovedTargets } from './removed-targets.ts';

/** What a rehearsal is made of. Crm and platforms are the real ones; only questions reach them. */
export interface Stage {
  readonly settings: Settings;
  readonly wanted: Wanted;
  readonly shadow: Shadow;
  readonly crm: Crm;
  readonly platforms: ReadonlyMap<TargetName, Platform>;
  readonly keyring: Keyring;
  readonly logger: Core['logger'];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly uuid: () => string;
}

export interface RehearsalOptions {
  readonly lookUp: boolean;
  readonly share: Share;
  readonly signal: AbortSignal;
  onPhase?(phase: 'pull' | 'jobs' | 'apply'): void;
}

/** What was decided for a record on a target, as it came to its end. */
export interface Settled {
  readonly ref: RecordRef;
  readonly key: ProfileKey;
  readonly decision: Pick<ProfileDecision, 'action' | 'rule'>;
}

export interface Rehearsed {
  readonly core: Core;
  readonly summary: CycleSummary;
  /** Target → record → what was decided. */
  readonly settled: ReadonlyMap<TargetName, ReadonlyMap<string, Settled>>;
  readonly calls: readonly Call[];
  /** `target id` of every record that an erasure is about which somebody asked for. */
  readonly requested: ReadonlySet<string>;
  /** Targets of which the configuration says that nothing is sent; here it is. */
  readonly dryRuns: ReadonlySet<TargetName>;
  /** Pauses of targets; a rehearsal goes on as if they were over. */
  readonly paused: readonly { readonly target: TargetName; readonly code: string; readonly reason: string }[];
}

/** Milliseconds, of the copy's time, without any progress after which a target is left as it is: as `sync` does. */
const patienceMs = 60_000;

/** Throws ConnectorError, and what `signal` was aborted with. The shadow stays open. */
export async function rehearse(stage: Stage, options: RehearsalOptions): Promise<Rehearsed> {
  const { shadow, keyring, wanted } = stage;
  let passed = 0;
  const profiles = new Map<string, Profile>();
  const calls: Call[] = [];
  const requested = new Set<string>();
  const settled = new Map<TargetName, Map<string, Settled>>();
  const store = watched(shadow.store, profiles);
  const core: Core = {
    // One worker: there is one connection to the copy, and one order to be announced.
    settings: { ...stage.settings, worker: { ...stage.settings.worker, concurrency: 1 } },
    store,
    crm: readOnlyCrm(stage.crm, options.share),
    targets: new Map(
      stage.settings.targets.map(({ dryRun: _, ...settings }): [TargetName, Target] => {
        const real = stage.platforms.get(settings.name);
        if (!real) throw new Error(`there is no platform for target ${settings.name}`);
        const { platform, urgent } = createStandIn(real, {
          target: settings.name,
          platform: settings.platform,
          identity: settings.identity,
          lookUp: options.lookUp,
          keyring,
          profileOf: (contactKey) => profiles.get(`${settings.name} ${contactKey}`),
          noteCall: (call) => calls.push(call),
          noteRequest: (ids) => ids.forEach((id) => void requested.add(`${settings.name} ${id}`)),
        });
        return [settings.name, { settings, platform, urgent }];
      }),
    ),
    keyring,
    wake: { apply: async () => undefined, pull: async () => undefined, marketingJobs: async () => undefined },
    alarms: { raise: async () => undefined, clear: async () => undefined },
    meter: noMeter,
    logger: stage.logger,
    now: () => stage.now() + passed,
    uuid: stage.uuid,
    epoch: 0,
    configuration: wanted.fingerprint,
    noteFinished(target, finished) {
      const ofTarget = settled.get(target) ?? new Map<string, Settled>();
      settled.set(target, ofTarget);
      for (const { judged } of finished)
        for (const { ledger, name } of judged.views)
          if (ledger.claim) ofTarget.set(name, { ref: ledger.ref, key: judged.key, decision: judged.decision });
    },
  };
  await checkIdentities(core, options.signal);
  await checkRemovedTargets(core, []);
  const { epoch } = await takeConfiguration(store, wanted, true);
  await forgetRemovedTargets(core, 'preview');
  const inForce: Core = { ...core, epoch };
  await shadow.narrow(options.share);
  const paused = await liftPauses(inForce);
  const summary = await fullCycle(inForce, {
    signal: options.signal,
    patienceMs,
    async sleep(milliseconds) {
      passed += milliseconds;
      await shadow.pass(milliseconds);
    },
    ...(options.onPhase ? { onPhase: options.onPhase } : {}),
  });
  const dryRuns = new Set(stage.settings.targets.filter(({ dryRun }) => dryRun).map(({ name }) => name));
  return { core: inForce, summary, settled, calls, requested, dryRuns, paused };
}

/** Remembers the profiles that are worked on, by the ids they go by, while their lease lasts. */
function watched(store: Store, profiles: Map<string, Profile>): Store {
  const held = new Map<string, string[]>();
  function remember(token: string, target: TargetName, loaded: readonly Profile[]): readonly Profile[] {
    for (const profile of loaded)
      for (const contactKey of profile.contactKeys) {
        const name = `${target} ${contactKey}`;
        profiles.set(name, profile);
        const names = held.get(token) ?? [];
        names.push(name);
        held.set(token, names);
      }
    return loaded;
  }
  const family = store.profiles;
  return {
    ...store,
    profiles: {
      ...family,
      async lease(lease, keys) {
        return [...remember(lease.token, lease.target, await family.lease(lease, keys))];
      },
      async load(lease, keys) {
        return [...remember(lease.token, lease.target, await family.load(lease, keys))];
      },
      async release(lease) {
        for (const name of held.get(lease.token) ?? []) profiles.delete(name);
        held.delete(lease.token);
        await family.release(lease);
      },
    },
  };
}

async function liftPauses(core: Core): Promise<Rehearsed['paused']> {
  const paused: { target: TargetName; code: string; reason: string }[] = [];
  for (const target of core.targets.keys()) {
    if (!(await core.store.targets.isPaused(target))) continue;
    const state = await core.store.targets.state(target);
    paused.push({ target, code: state.paused_code ?? 'PAUSED', reason: state.paused_reason ?? 'the target is paused' });
    await core.store.targets.resume(target);
  }
  return paused;
}
