/**
 * Targets that were taken out of the configuration. Guarantees: one that may still hold people, or owes an erasure its
 * answer, is refused until an operator gives it up by name; giving up is evidence, and an erasure that waited for the
 * target says so in its result. Erases nobody: who is to be erased there is erased before the target is taken out.
 */
import type { TargetName } from '../../config/words.ts';
import { ConnectorError } from '../http/errors.ts';
import type { RemovedTarget } from '../store/removed-targets.ts';
import type { Core } from './core.ts';

/** Throws ConnectorError: `config` TARGET_REMOVED, or NOTHING_TO_ABANDON when a name is not that of a removed target. */
export async function checkRemovedTargets(core: Core, abandon: readonly TargetName[]): Promise<void> {
  const removed = await core.store.removedTargets.find([...core.targets.keys()]);
  for (const name of abandon) {
    if (removed.some(({ target }) => target === name)) continue;
    throw new ConnectorError(
      'config',
      'NOTHING_TO_ABANDON',
      core.targets.has(name)
        ? `--abandon ${name}: this target is in the configuration; take it out first`
        : `--abandon ${name}: nothing is known of a target of this name`,
    );
  }
  const refused = removed.filter((row) => (row.people > 0 || row.erasures > 0) && !abandon.includes(row.target));
  if (refused.length === 0) return;
  throw new ConnectorError('config', 'TARGET_REMOVED', refused.map(refusal).join('\n'));
}

function refusal({ target, people, erasures }: RemovedTarget): string {
  const holds = [
    ...(people > 0 ? [`still holds ${people} live profiles`] : []),
    ...(erasures > 0 ? [`owes ${erasures} open erasures its answer`] : []),
  ].join(' and ');
  return `target ${target} is no longer in the configuration but ${holds}; put it back, or give it up for good: --abandon ${target}`;
}

/** Forgets every removed target; `checkRemovedTargets` has refused those that were not given up. */
export async function forgetRemovedTargets(core: Core, actor: string): Promise<void> {
  for (const { target, people, erasures } of await core.store.removedTargets.find([...core.targets.keys()])) {
    const isGivenUp = people > 0 || erasures > 0;
    await core.store.removedTargets.forget(target, {
      target,
      crm_table: null,
      record_id: null,
      profile_key: null,
      act: isGivenUp ? 'abandon-target' : 'remove-target',
      rule: null,
      trigger: 'command',
      outcome: null,
      status: null,
      request_id: null,
      detail: `${people} live profiles, ${erasures} open erasures`,
      actor,
      configuration: core.configuration,
    });
    core.logger.warn({ target, people, erasures }, 'a target that was taken out of the configuration is forgotten');
  }
}
