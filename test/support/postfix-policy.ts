/**
 * What a Postfix of a certain version makes of the text of a TLS policy: written after the grammar of its smtp(8) client
 * (smtp_tls_policy.c), not after what we write. Anything that it would refuse is refused here.
 */

export interface ReadPolicy {
  readonly level: string;
  /** Names that certificates are matched with; empty where there are none. */
  readonly match: readonly string[];
  /** All attributes in their order, `match` too. */
  readonly attributes: readonly (readonly [name: string, value: string])[];
}

const SPACE = /[ \t\r\n,]/;
const LEVELS = ['none', 'may', 'encrypt', 'dane', 'dane-only', 'fingerprint', 'verify', 'secure'];
const SINCE: Readonly<Record<string, readonly [major: number, minor: number]>> = {
  match: [2, 3],
  ciphers: [2, 6],
  protocols: [2, 6],
  exclude: [2, 6],
  tafile: [2, 11],
  servername: [3, 4],
  connection_reuse: [3, 4],
  enable_rpk: [3, 9],
  policy_type: [3, 10],
  policy_domain: [3, 10],
  policy_string: [3, 10],
  mx_host_pattern: [3, 10],
  policy_failure: [3, 10],
  policy_ttl: [3, 10],
};
const MANY = new Set(['match', 'policy_string', 'mx_host_pattern', 'tafile']);
const OF_POLICY = ['policy_domain', 'policy_string', 'mx_host_pattern', 'policy_failure', 'policy_ttl'];

/** @throws Error with what Postfix would log before it defers the mail. */
export function readPostfixPolicy(text: string, major: number, minor: number): ReadPolicy {
  if (/[\0\n\r]/.test(text)) throw new Error('the text is more than one line');
  const [level, ...tokens] = tokensOf(text, major > 3 || (major === 3 && minor >= 10));
  if (level === undefined) throw new Error('invalid empty policy');
  if (!LEVELS.includes(level)) throw new Error(`invalid security level "${level}"`);
  if (level === 'none' && tokens.length > 0) throw new Error('ignoring attributes with TLS disabled');
  const attributes = tokens.map(pairOf);
  const seen = new Set<string>();
  for (const [name, value] of attributes) {
    const since = SINCE[name];
    if (since === undefined || major < since[0] || (major === since[0] && minor < since[1]))
      throw new Error(`invalid attribute name: "${name}"`);
    if (seen.has(name) && !MANY.has(name)) throw new Error(`attribute "${name}" is specified multiple times`);
    seen.add(name);
    check(name, value, level);
  }
  const lonely = OF_POLICY.find((name) => seen.has(name));
  if (lonely !== undefined && !seen.has('policy_type')) throw new Error(`${lonely} without policy_type`);
  const match = attributes.flatMap(([name, value]) => (name === 'match' ? value.split(':') : []));
  return { level, match, attributes };
}

function check(name: string, value: string, level: string): void {
  const bad = new Error(`attribute "${name}" has the value "${value}" at level ${level}`);
  switch (name) {
    case 'match':
      if (value === '' || (level !== 'secure' && level !== 'verify')) throw bad;
      for (const one of value.split(':')) {
        // Its words for names that the path may have chosen; else a name, or a suffix.
        if (['hostname', 'nexthop', 'dot-nexthop'].includes(one.toLowerCase())) throw bad;
        if (!isHostname(one.startsWith('.') ? one.slice(1) : one)) throw bad;
      }
      return;
    case 'servername':
    case 'policy_domain':
      if (!isHostname(value)) throw bad;
      return;
    case 'policy_type':
      if (value !== 'sts' && value !== 'no-policy-found') throw bad;
      return;
    case 'policy_string':
    case 'mx_host_pattern':
      if (value === '') throw bad;
      return;
    default:
      throw new Error(`nothing here writes "${name}"`);
  }
}

/** As Postfix's valid_hostname: labels of letters, digits, hyphens inside and underscores, and not all of it a number. */
function isHostname(text: string): boolean {
  if (text === '' || text.length > 255 || /^[0-9.]+$/.test(text)) return false;
  return text.split('.').every((label) => /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label));
}

/** Words between white space or commas; from 3.10 on braces hold them together. */
function tokensOf(text: string, hasBraces: boolean): readonly string[] {
  const tokens: string[] = [];
  let token = '';
  let depth = 0;
  for (const character of text) {
    if (hasBraces && character === '{') depth += 1;
    if (hasBraces && character === '}') depth -= 1;
    if (depth < 0) throw new Error('a brace that is not open');
    if (depth === 0 && SPACE.test(character)) {
      if (token !== '') tokens.push(token);
      token = '';
    } else token += character;
  }
  if (depth !== 0) throw new Error('missing "}"');
  return token === '' ? tokens : [...tokens, token];
}

function pairOf(token: string): readonly [string, string] {
  let inner = token;
  if (token.startsWith('{')) {
    if (!token.endsWith('}') || token.indexOf('}') !== token.length - 1)
      throw new Error(`syntax error behind "}" in "${token}"`);
    inner = token.slice(1, -1).trim();
  }
  const equals = inner.indexOf('=');
  const name = inner.slice(0, Math.max(0, equals)).trim().toLowerCase();
  if (equals < 1 || name === '' || /\s/.test(name))
    throw new Error(`malformed attribute/value pair "${token}"`);
  return [name, inner.slice(equals + 1).trim()];
}
