/** How to mend what a code stands for, in the words of `connector errors`. Nothing where there is nothing to do. */
import { mendOf, mendOfForeignWord } from '../../errors/catalogue.ts';
import { html, type Part } from './html.ts';

/** @param foreignWords the code may be a word of the platform's own, as with what is parked */
export function mend(code: string, foreignWords = false): Part {
  const text = mendOf(code) ?? (foreignWords ? mendOfForeignWord : undefined);
  return text !== undefined && text !== 'Nothing.' && html`<br><span class="muted">Mend: ${text}</span>`;
}
