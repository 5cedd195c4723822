/** Credentials and mapping: told by `check`, and never half obeyed. */
import { describe, expect, it } from '@jest/globals';
import { isConnectorError } from '../../../src/http/errors.ts';
import type { ConformanceSubject } from './subject.ts';
import { born, failureOf, item, signal, tableOf, worldOf } from './support.ts';

const unknown = 'noSuchName';

export function setUpCases(subject: ConformanceSubject): void {
  describe('set-up', () => {
    const world = worldOf(subject);

    it('finds nothing wrong where everything is right', async () => {
      const { findings } = await world().adapter.check(signal);

      expect(findings.filter(({ ok }) => !ok)).toEqual([]);
      expect(findings.length).toBeGreaterThanOrEqual(1 + subject.textFields.length);
      for (const finding of findings) expect(finding).toMatchObject({ mend: '', message: expect.stringMatching(/\w/) });
    });

    it('names wrong credentials with their mend', async () => {
      const { findings } = await world().open({ credentials: 'wrong' }).check(signal);

      const wrong = findings.filter(({ ok }) => !ok);
      expect(wrong.length).toBeGreaterThan(0);
      for (const finding of wrong) expect(finding.mend).toMatch(/\w+ \w+/);
    });

    it('pauses on wrong credentials, whatever it is asked, and says absent of nobody', async () => {
      const ref = await born(world(), 1);
      const stranger = world().open({ credentials: 'wrong' });

      const failures = [
        await failureOf(stranger.find(ref, signal)),
        await failureOf(stranger.upsert([item(subject, 2)], signal)),
        await failureOf(stranger.anonymize(ref, signal)),
      ];
      if (stranger.capabilities.permissionReset !== 'unsupported') {
        failures.push(await failureOf(stranger.resetPermissions(ref, signal)));
      }

      expect(new Set(failures.map(({ kind }) => kind))).toEqual(new Set(['config']));
      expect(await world().bench.people()).toHaveLength(1);
    });

    it('never tells a secret or an address in what it says about itself', async () => {
      const told = JSON.stringify([world().adapter.account, world().adapter.capabilities]);
      const settings = Object.entries(world().bench.settings('right') as Record<string, unknown>);
      const secrets = settings.filter(([name]) => /secret|password|token|apiKey$|^key$/i.test(name));

      expect(secrets.length).toBeGreaterThan(0);
      for (const [, secret] of secrets) expect(told).not.toContain(String(secret));
    });

    it('names a property that is not there, and writes nobody into it', async () => {
      const adapter = world().open({ tables: { contact: tableOf(subject, { fields: [unknown] }) } });

      const { findings } = await adapter.check(signal);
      const answer = await adapter
        .upsert([item(subject, 1, { fields: { [unknown]: 'x' } })], signal)
        .catch((error: unknown) => error);

      const wrong = findings.filter(({ ok }) => !ok);
      expect(wrong).toHaveLength(1);
      expect(`${wrong[0]?.subject} ${wrong[0]?.message}`).toContain(unknown);
      expect(wrong[0]?.mend).toMatch(/\w+ \w+/);
      if (isConnectorError(answer)) expect(['config', 'park']).toContain(answer.kind);
      else expect(answer).toMatchObject([{ kind: 'rejected' }]);
      for (const person of await world().bench.people()) expect(person.fields).not.toHaveProperty([unknown]);
    });

    it('names a permission that is not there, and does not pretend to set it', async () => {
      const adapter = world().open({ tables: { contact: tableOf(subject, { permissions: [unknown] }) } });

      const { findings } = await adapter.check(signal);
      const answer = await adapter
        .upsert([item(subject, 1, { permissionsOnCreate: { [unknown]: true } })], signal)
        .catch((error: unknown) => error);

      const wrong = findings.filter(({ ok }) => !ok);
      expect(wrong.some((finding) => `${finding.subject} ${finding.message}`.includes(unknown))).toBe(true);
      if (isConnectorError(answer)) expect(['config', 'park']).toContain(answer.kind);
      else expect(answer).toMatchObject([{ kind: 'rejected' }]);
    });
  });
}
