/** The texts of a language. Guarantees that every language of the configuration has them. */
import type { Settings } from '../../../config/settings.ts';
import type { JobLanguage } from '../../../config/words.ts';
import { german } from './de.ts';
import { english } from './en.ts';
import { french } from './fr.ts';
import { dutch } from './nl.ts';
import type { JobTexts } from './texts.ts';

export type { JobTexts };
export { english };

export const jobTexts: Readonly<Record<JobLanguage, JobTexts>> = {
  en: english,
  nl: dutch,
  de: german,
  fr: french,
};

/** For what CRM users read. */
export function textsOf({ marketingJobs }: Pick<Settings, 'marketingJobs'>): JobTexts {
  return jobTexts[marketingJobs?.language ?? 'en'];
}
