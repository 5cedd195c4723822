/**
 * Targets with people on them from earlier times, before the connector has done anything there. Guarantees: asks each
 * target at most once, and remembers the answer; a target that cannot say it, or cannot be reached, is named too or left
 * to the work that follows. Stops nobody: it is for one sentence to whoever starts.
 */
import type { TargetName } from '../../config/words.ts';
import type { Core } from './core.ts';

/** Milliseconds that a target has to answer: nobody's start waits longer for a piece of advice. */
const patienceMs = 5000;

/** Targets on which nobody is known although people may be there. */
export async function strangersOn(core: Core, signal: AbortSignal): Promise<TargetName[]> {
  const found: TargetName[] = [];
  for (const [name, { platform, settings }] of core.targets) {
    if (settings.dryRun) continue;
    if ((await core.store.profiles.countLive(name)) > 0) continue;
    const { was_empty: known } = await core.store.targets.state(name);
    if (known === true) continue;
    if (known === null && platform.hasNobody) {
      try {
        const isEmpty = await platform.hasNobody(AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]));
        await core.store.targets.noteEmptiness(name, isEmpty);
        if (isEmpty) continue;
      } catch (error) {
        core.logger.debug({ target: name, err: error }, 'the target could not say whether it holds nobody');
        continue;
      }
    }
    found.push(name);
  }
  return found;
}

export function previewFirst(target: TargetName): string {
  return `${target} may hold people whom the connector does not know yet: connector preview --lookup shows what becomes of them`;
}
