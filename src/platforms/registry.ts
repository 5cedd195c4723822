/** Every platform there is. Adding one: a folder with its adapter, and one line here. */
import type { z } from 'zod';
import { ConnectorError } from '../http/errors.ts';
import { createBoldDesk } from './bolddesk/adapter.ts';
import { boldDeskSettings } from './bolddesk/settings.ts';
import type { OpenPlatform, PlatformContext } from './context.ts';
import { createDialogInsight } from './dialoginsight/adapter.ts';
import { dialogInsightSettings } from './dialoginsight/settings.ts';
import { createKeap } from './keap/adapter.ts';
import { keapSettings } from './keap/settings.ts';
import { createMailjet } from './mailjet/adapter.ts';
import { mailjetSettings } from './mailjet/settings.ts';
import { createSpotler } from './spotler/adapter.ts';
import { spotlerSettings } from './spotler/settings.ts';

export type { OpenPlatform, PlatformContext } from './context.ts';

export interface PlatformKind {
  /** Checks a target's own settings; parsing what was parsed before changes nothing. */
  readonly schema: z.ZodType;
  /** Throws `config` SETTINGS_INVALID. */
  create(settings: unknown, context: PlatformContext): OpenPlatform;
}

export const platforms: Readonly<Record<string, PlatformKind>> = {
  bolddesk: kind(boldDeskSettings, createBoldDesk),
  dialoginsight: kind(dialogInsightSettings, createDialogInsight),
  keap: kind(keapSettings, createKeap),
  mailjet: kind(mailjetSettings, createMailjet),
  spotler: kind(spotlerSettings, createSpotler),
};

function kind<S>(schema: z.ZodType<S>, create: (settings: S, context: PlatformContext) => OpenPlatform): PlatformKind {
  return { schema, create: (settings, context) => create(parsed(schema, settings), context) };
}

function parsed<S>(schema: z.ZodType<S>, settings: unknown): S {
  const result = schema.safeParse(settings);
  if (result.success) return result.data;
  const where = result.error.issues.map((issue) => issue.path.join('.') || 'settings').join(', ');
  throw new ConnectorError('config', 'SETTINGS_INVALID', `The platform's settings are not usable: ${where}.`);
}
