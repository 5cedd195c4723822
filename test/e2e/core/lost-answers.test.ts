/**
 * A contact was created and the answer was lost, on platforms that find people by their address only; before anybody can
 * look again, the row shows another address, or is gone.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FaultKind } from '../../../fixtures/simulators/kit.ts';
import { addJob, addPerson, edit, jobState, type Person, remove } from '../../support/crm-people.ts';
import { type FiveTargets, startFiveTargets } from '../../support/five-targets.ts';
import { scenario } from '../../support/scenario.ts';
import type { Worker } from '../../support/worker.ts';

const scene = scenario();
let five: FiveTargets;
beforeEach(async () => {
  five = await startFiveTargets();
});
afterEach(() => five.close());

const later = 'later@people.example';
const creates = { bolddesk: '^POST /contacts$', mailjet: '^POST /contact$' } as const;

describe.each(['bolddesk', 'mailjet'] as const)('on %s', (platform) => {
  const addresses = async (): Promise<(string | undefined)[]> =>
    (await five.people(platform)).map((person) => person.address);

  /** Somebody whose creation took effect, at once or a moment later, while the ledger knows of nothing. */
  async function created(kind: FaultKind): Promise<{ worker: Worker; person: Person }> {
    const [target] = five
      .configuration({ bolddesk: { allowTicketLoss: true } })
      .filter(({ name }) => name === platform) as [object];
    const person = addPerson(scene.world);
    const worker = await scene.open({ config: { targets: [target] } });
    await worker.pull();
    five.setFaults(platform, [{ kind, match: creates[platform], times: 1, delayMs: 300 }]);
    await worker.applyDue();
    expect(await worker.query("select 1 from intent where kind = 'upsert' and sealed is not null")).toHaveLength(1);
    return { worker, person };
  }

  /** What was under way has landed; it may have been dealt with by then. */
  const landed = async (): Promise<void> => {
    for (let round = 0; (await addresses()).length === 0 && round < 60; round++)
      await new Promise((resolve) => setTimeout(resolve, 50));
  };

  test.each(['cutAfter', 'lateEffect'] as const)('a deleted record takes its contact along (%s)', async (kind) => {
    const { worker, person } = await created(kind);
    remove(scene.world, person);
    // One look before it lands: the database's clock must not run ahead of what is still under way.
    await worker.pull();
    await worker.applyDue();
    await landed();
    await worker.settle(60);

    expect(await addresses()).toEqual([]);
    expect(await worker.query('select 1 from intent where sealed is not null')).toEqual([]);
  });

  test.each(['cutAfter', 'lateEffect'] as const)('nobody stays behind at a former address (%s)', async (kind) => {
    const { worker, person } = await created(kind);
    edit(scene.world, person, { emailaddress1: later });
    // One look before it lands: the database's clock must not run ahead of what is still under way.
    await worker.pull();
    await worker.applyDue();
    await landed();
    await worker.settle(60);

    expect(await addresses()).toEqual([later]);
    expect(await worker.query('select 1 from intent where sealed is not null')).toEqual([]);
  });

  test('an erasure on request finds the former address too', async () => {
    const { worker, person } = await created('cutAfter');
    edit(scene.world, person, { emailaddress1: later });
    const job = addJob(scene.world, 'anonymize', person);
    await worker.useCases.marketingJobs(new AbortController().signal);
    await worker.settle(60);

    expect(await addresses()).toEqual([]);
    expect(jobState(scene.world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
  });
});
