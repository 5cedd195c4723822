import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { html } from '../../../src/server/pages/html.ts';
import { page, post } from '../../../src/server/pages/layout.ts';

describe('the HTML template', () => {
  test('escapes every value, also inside lists and attributes', () => {
    const text = `<script>"&'`;
    expect(String(html`<p title="${text}">${[text, [text]]}</p>`)).toBe(
      '<p title="&lt;script&gt;&quot;&amp;&#39;">&lt;script&gt;&quot;&amp;&#39;&lt;script&gt;&quot;&amp;&#39;</p>',
    );
  });

  test('leaves what is a template already as it is, and nothing of what is not there', () => {
    expect(String(html`${html`<b>${1}</b>`}${undefined}${null}${false}${0}`)).toBe('<b>1</b>0');
  });

  test('no text leaves its place, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const made = String(html`<a href="${text}">${text}</a>`);
        expect(made.match(/[<>"]/g)?.join('')).toBe('<""><>');
      }),
    );
  });

  test('a page is escaped in its title, and a form carries the proof of its session', () => {
    expect(page({ title: '<i>', content: '<i>' })).not.toContain('<i>');
    expect(String(post({ csrf: 'proof' }, '/do', 'Go'))).toContain('name="csrf" value="proof"');
  });
});
