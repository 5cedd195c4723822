import { judgeAddress, normaliseAddress } from '../../../src/rules/address.ts';

const long = (length: number) => `${'a'.repeat(length - '@b.example'.length)}@b.example`;

describe('judging an address', () => {
  it.each([
    'anna@mail.example',
    "o'neil+news@mail.example",
    'anna@mail-host.example',
    'anna@müller.example',
    'anna@mu\u0308ller.example',
    'anna@xn--mller-kva.example',
    'ányá@पर\u0940क\u094dष\u093e.example',
    'anna@ශ\u0dca\u200dර\u0dd3.example',
    'anna@例え。example',
    'anna@10.0.0.1',
    'anna@localhost',
    'anna@mail..example',
    '.@1.example',
    long(254),
  ])('takes %s for an address', (address) => {
    expect(judgeAddress(address)).toBe('valid');
  });

  it.each([null, '', '   ', '\u00a0\t\n', '\ufeff'])('takes %j for no address at all', (address) => {
    expect(judgeAddress(address)).toBe('empty');
  });

  it.each([
    'anna',
    'anna.example',
    '@mail.example',
    'anna@',
    'anna@.',
    'anna@--',
    'anna@@mail.example',
    'anna@home@mail.example',
    'anna @mail.example',
    'anna@mail .example',
    'an\u00a0na@mail.example',
    'a@one.example b@two.example',
    'a@one.example;two.example',
    'anna@mail_host.example',
    'anna@[10.0.0.1]',
    'anna@mail.example:25',
    'anna@mail.example/path',
    '<anna@mail.example>',
    long(255),
  ])('takes %s for a mistake', (address) => {
    expect(judgeAddress(address)).toBe('malformed');
  });

  it('judges after trimming, so that pasted blanks cost nobody their data', () => {
    expect(judgeAddress('  anna@mail.example\r\n')).toBe('valid');
    expect(judgeAddress(` ${long(254)} `)).toBe('valid');
  });

  it('counts characters, whichever way they are composed', () => {
    const composed = `${'é'.repeat(244)}@b.example`;
    expect(judgeAddress(composed)).toBe('valid');
    expect(judgeAddress(composed.normalize('NFD'))).toBe('valid');
    expect(judgeAddress(`${'😀'.repeat(244)}@b.example`)).toBe('valid');
  });
});

describe('normalising an address', () => {
  it.each([
    ['Anna@Mail.Example', 'anna@mail.example'],
    ['  anna@mail.example\t', 'anna@mail.example'],
    ['anna@MÜLLER.example', 'anna@xn--mller-kva.example'],
    ['anna@mu\u0308ller.example', 'anna@xn--mller-kva.example'],
    ['anna@xn--mller-kva.example', 'anna@xn--mller-kva.example'],
    ['andre\u0301@mail.example', 'andré@mail.example'],
    ['anna@faß.example', 'anna@xn--fa-hia.example'],
    ['anna@例え。example', 'anna@xn--r8jz45g.example'],
    ['anna@ｍａｉｌ．example', 'anna@mail.example'],
    ['anna@mail-host.example', 'anna@mail-host.example'],
    ['anna@пример', 'anna@xn--e1afmkfd'],
    ['@MÜLLER.example', '@xn--mller-kva.example'],
    ['', ''],
    ['  NOT AN ADDRESS ', 'not an address'],
  ])('makes %j into %j', (text, expected) => {
    expect(normaliseAddress(text)).toBe(expected);
  });

  it('keeps what distinguishes two people: dots, tags and digits of the local part', () => {
    const people = ['a.b@mail.example', 'ab@mail.example', 'ab+1@mail.example', 'ab1@mail.example'];
    expect(new Set(people.map(normaliseAddress)).size).toBe(people.length);
  });

  it.each(['a@mail.example:80', 'a@mail.example/x', 'a@mail.example?x', 'a@mail.example#x', 'a@ü.example:80', 'a@ü/x'])(
    'does not lose the end of %s, which would make two addresses one',
    (text) => {
      expect(normaliseAddress(text)).toBe(text);
    },
  );

  it('does not take numbers for an IP address and rewrite them', () => {
    expect(normaliseAddress('a@1.2.3')).toBe('a@1.2.3');
    expect(normaliseAddress('a@０１.２.３')).toBe('a@01.2.3');
  });

  it('keeps the letters of a domain that has no ASCII form', () => {
    expect(normaliseAddress('a@xn--Ü.example')).toBe('a@xn--ü.example');
  });
});
