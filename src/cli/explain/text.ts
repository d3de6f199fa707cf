/** An explanation as a person reads it: what becomes of the mail, why, and what can be done where something is wrong. */
import { domainToUnicode } from 'node:url';
import type { Explanation } from '../../events/explanation.ts';
import { type Colour, type Look, oneLine, paint, wrap } from '../terminal.ts';
import type { Explained } from './explained.ts';
import { asksNothing } from './layers.ts';
import { aboutLayer, aboutWho, demandOf, GIVEN_UP, layerNames, outcomeOf, showAge } from './words.ts';

type Host = Explanation['mx'][number];
type Layer = Explanation['layers'][number];

type Schedule = Pick<Explained, 'giveUpAfterMs' | 'onBlocked'>;

/** All of it, ending in a line break. */
export function formatExplanation(explanation: Explanation, schedule: Schedule, look: Look): string {
  const blocks = [
    headLines(explanation, schedule, look),
    hostLines(explanation, look),
    layerLines(explanation, look),
    problemLines(explanation, look),
    noteLines(explanation, schedule, look),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
    .join('\n');
}

const COLOURS: Readonly<Record<Explanation['decision'], Colour>> = {
  deliver: 'green',
  defer: 'yellow',
  refuse: 'red',
};

function headLines(explanation: Explanation, schedule: Schedule, look: Look): readonly string[] {
  const { decision, because } = explanation;
  const { word, rest } = outcomeOf(explanation, schedule);
  const [first = '', ...further] = wrap(
    `Mail to ${nameFor(explanation, look)}: ${word}${rest}`,
    look.width,
    '',
    '  ',
  );
  return [
    first.replace(word, paint(word, COLOURS[decision], look)),
    ...further,
    ...paragraph('decided by', deciders(explanation), look),
    ...paragraph('why', because, look),
  ];
}

/** The layer, or those of the hosts where each has its own. */
function deciders({ decision, by, mx }: Explanation): string {
  if (by === null) return 'no layer, but DNS: it leaves no host to send to';
  if (decision === 'defer' && by === 'dane') {
    return 'dane, which forbids a host while it is not proven which TLSA records it has, or that it has none';
  }
  const usable = mx.filter((host) => host.usable);
  const layers = [...new Set(usable.map((host) => host.by))];
  if (decision !== 'deliver' || layers.length < 2) return `${by}, ${layerNames[by]}`;
  return layers
    .map((layer) => {
      const hosts = usable.filter((host) => host.by === layer).map(({ host }) => host);
      return `${layer} at ${hosts.join(', ')} (${layerNames[layer]})`;
    })
    .join('; ');
}

/** An international name as people write it, beside its one spelling. */
function nameFor({ domain }: Explanation, { unicode }: Look): string {
  const international = domainToUnicode(domain);
  return unicode && international !== '' && international !== domain
    ? `${domain} (${international})`
    : domain;
}

function hostLines(explanation: Explanation, look: Look): readonly string[] {
  const { mx, way, route } = explanation;
  if (mx.length === 0) return [];
  const by = route === null ? wayText(explanation) : `the rule leads to ${route}`;
  const more =
    way.further === 0 ? [] : [`  and ${way.further} more, which are not tried in the first attempt`];
  return [
    ...titled('mail hosts', ` in their order (${by}):`, look),
    ...mx.flatMap((host) => oneHost(host, explanation, look)),
    ...more,
  ];
}

function wayText({ way }: Explanation): string {
  switch (way.kind) {
    case 'mx':
      return `MX records, ${proofText(way.dnssec)}`;
    case 'implicit':
      return `there are no MX records, ${proofText(way.dnssec)}, so the domain itself is the host`;
    default:
      return way.because;
  }
}

function proofText(status: Explanation['way']['dnssec']): string {
  switch (status) {
    case 'secure':
      return 'secure: proven by DNSSEC';
    case 'insecure':
      return 'insecure: not signed';
    default:
      return `${status}: nobody has proven it`;
  }
}

function oneHost(host: Host, { way }: Explanation, look: Look): readonly string[] {
  const mark = host.usable ? MARKS.good : MARKS.bad;
  const preference = way.kind === 'mx' ? `${host.preference} ` : '';
  const title = `${preference}${host.host}: ${demandOf(host)}`;
  const details = [
    ...decidedBy(host),
    ...proofTexts(host),
    ...(host.addresses.length === 0
      ? []
      : [`address ${host.addresses.join(', ')} (${host.dnssec}), port ${host.port}`]),
  ];
  return [
    ...marked(mark, title, look),
    ...details.flatMap((text) => wrap(oneLine(text), look.width, '      ', '        ')),
  ];
}

function decidedBy({ usable, by, because, addresses, forbidden }: Host): readonly string[] {
  if (usable) return [`decided by ${by}`];
  // Without an address no layer stands in the way.
  return [forbidden || addresses.length > 0 ? `by ${by}: ${because}` : because];
}

/** What would be taken as proof, where any is asked for. */
function proofTexts({ usable, requires, match, tlsa, provesName }: Host): readonly string[] {
  if (!usable || requires !== 'authenticate') return [];
  const names = `a certificate of a trusted authority for ${match.join(' or ')}`;
  if (tlsa.length === 0) return [`accepted as proof: ${names}`];
  const records = tlsa.map((record) => `accepted as proof: a certificate that matches TLSA ${record}`);
  if (provesName) return [...records, `accepted as proof: ${names}`];
  return match.length === 0
    ? records
    : [...records, `names, where usage 2 asks for one: ${match.join(', ')}`];
}

function layerLines({ layers, because }: Explanation, look: Look): readonly string[] {
  const [asks, none] = [signOf(MARKS.good, look), signOf(MARKS.none, look)];
  const rule = ` (${asks} asks for something, ${none} for nothing; an override decides alone, else the strictest):`;
  return [
    ...titled('layer by layer', rule, look),
    ...layers.flatMap((layer) => oneLayer(layer, because, look)),
  ];
}

/** @param why is said above already. */
function oneLayer(
  { layer, state, says, because, evidence }: Layer,
  why: string,
  look: Look,
): readonly string[] {
  const mark = state === 'unknown' ? MARKS.unknown : asksNothing(says) ? MARKS.none : MARKS.good;
  // Why there is nothing, in all its links, is for those who read the JSON.
  const seen = new Set(state === 'absent' ? [because] : [because, ...evidence]);
  if (state !== 'absent') seen.delete(why);
  return [
    ...marked(mark, `${layer}: ${state}`, look),
    ...wrap(aboutLayer[layer], look.width, '      ').map((line) => paint(line, 'dim', look)),
    ...(state === 'absent' ? [] : wrap(oneLine(`asks for: ${says}`), look.width, '      ', '        ')),
    ...[...seen].flatMap((text) => wrap(oneLine(text), look.width, '      ', '        ')),
  ];
}

function problemLines({ problems, domain }: Explanation, look: Look): readonly string[] {
  const title = 'what is wrong or weak, and what to do';
  if (problems.length === 0) return titled(title, ': nothing.', look);
  return [
    ...titled(title, ':', look),
    ...problems.flatMap(({ says, fix }, index) => [
      ...wrap(oneLine(says), look.width, `  ${index + 1}. `, '     '),
      ...fix.flatMap((one) => [
        ...wrap(`${aboutWho(one.who, domain)}: ${oneLine(one.do)}`, look.width, '     - ', '       '),
        // Never broken, so that it can be pasted.
        ...(one.command === null ? [] : [`         ${oneLine(one.command)}`]),
      ]),
    ]),
  ];
}

function noteLines(explanation: Explanation, schedule: Schedule, look: Look): readonly string[] {
  if (explanation.decision !== 'deliver') return [];
  const notes = [contactText(explanation), tlsText(explanation, schedule)];
  return notes.flatMap((text) => (text === undefined ? [] : wrap(text, look.width)));
}

/** Said only where somebody on the path could have hidden a policy, or can hide it the next time. */
function contactText({ firstContact, domain, way, mx }: Explanation): string | undefined {
  if (!firstContact) return undefined;
  const usable = mx.filter((host) => host.usable);
  const kept = 'by the relay, with its first mail, not by this command';
  if (usable.some(({ by }) => by === 'sts')) {
    return `First contact: the policy of ${domain} is not remembered yet. From when it is (${kept}), hiding its record no longer helps anybody on the path.`;
  }
  if (way.dnssec === 'secure' || !usable.some(({ requires }) => requires === 'none')) return undefined;
  return `First contact: no MTA-STS policy of ${domain} is remembered, so somebody on the path could be hiding one. One that is fetched is remembered from then on (${kept}).`;
}

function tlsText({ mx }: Explanation, { giveUpAfterMs, onBlocked }: Schedule): string | undefined {
  const usable = mx.filter((host) => host.usable);
  const demanding = usable.filter(({ requires }) => requires !== 'none');
  if (demanding.length > 0) {
    const others = mx.length > 1 ? ', and no other host takes the mail' : '';
    const blocked =
      onBlocked === 'hold'
        ? `held and tried again, and returned to its sender after ${showAge(giveUpAfterMs)}`
        : GIVEN_UP[onBlocked];
    const end = demanding.every(({ by }) => by === 'memory') ? UNTIL_GIVEN_WAY : blocked;
    return `No mail host was asked. If the required TLS cannot be had when mail is sent${others}, the mail is ${end}.`;
  }
  return usable.some(({ tries }) => tries)
    ? 'No mail host was asked: whether it offers TLS shows when mail is sent.'
    : undefined;
}

/** Nobody's mail is given up for what was only seen. */
const UNTIL_GIVEN_WAY =
  'held and tried again, until the TLS is there or the memory gives way (memory.give_way_after)';

interface Mark {
  readonly unicode: string;
  readonly ascii: string;
  readonly colour: Colour;
}

const MARKS = {
  good: { unicode: '✔', ascii: '+', colour: 'green' },
  none: { unicode: '○', ascii: 'o', colour: 'dim' },
  unknown: { unicode: '?', ascii: '?', colour: 'yellow' },
  bad: { unicode: '✘', ascii: 'x', colour: 'red' },
} as const satisfies Record<string, Mark>;

function signOf({ unicode, ascii }: Mark, look: Look): string {
  return look.unicode ? unicode : ascii;
}

function marked(kind: Mark, text: string, look: Look): readonly string[] {
  const mark = signOf(kind, look);
  // Painted after it is broken, as colours have no width.
  const [first = '', ...further] = wrap(oneLine(text), look.width, `  ${mark} `, '      ');
  return [first.replace(mark, paint(mark, kind.colour, look)), ...further];
}

function paragraph(title: string, text: string, look: Look): readonly string[] {
  return titled(title, `: ${oneLine(text)}`, look);
}

/** A title and what follows it; painted after it is broken, as colours have no width. */
function titled(title: string, rest: string, look: Look): readonly string[] {
  const [first = '', ...further] = wrap(`${title}${rest}`, look.width, '', '  ');
  return [first.replace(title, paint(title, 'bold', look)), ...further];
}
