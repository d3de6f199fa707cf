/** What a TypeScript source imports and says, with comments and the inside of strings out of the way. */

export interface Import {
  /** What stands in the quotes; null where it is computed and so cannot be judged. */
  readonly target: string | null;
  /** Nothing of it is left at run time. */
  readonly typesOnly: boolean;
}

export interface Source {
  /** The code: comments are blanks, string literals are their number in quotes, regular expressions are empty. */
  readonly code: string;
  readonly imports: readonly Import[];
}

const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const STRING = /'((?:[^'\\\n]|\\[\s\S])*)'|"((?:[^"\\\n]|\\[\s\S])*)"/y;
const REGEXP = /\/(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** Text of a template up to its end or to an expression in it. */
const TEMPLATE = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(`|\$\{)/y;
/** After these a slash begins a regular expression; after anything else it divides. */
const BEFORE_REGEXP =
  /(?:^|[([{,;=:!&|?+\-*%<>~^]|\b(?:return|typeof|case|in|of|throw|else|do|await|yield))\s*$/;

/** Reads a source well enough to see its imports; it does not check that it is valid. */
export function readSource(text: string): Source {
  const strings: string[] = [];
  const open: string[] = [];
  let code = '';
  let at = 0;

  function take(token: RegExp): RegExpExecArray | null {
    token.lastIndex = at;
    const match = token.exec(text);
    if (match !== null) at = token.lastIndex;
    return match;
  }

  function takeTemplate(): void {
    const end = take(TEMPLATE)?.[1];
    if (end === undefined) throw new Error('a template has no end');
    if (end === '`') code += ')';
    else open.push('template');
  }

  while (at < text.length) {
    const character = text[at] ?? '';
    if (take(COMMENT) !== null) {
      code += ' ';
      continue;
    }
    const string = take(STRING);
    if (string !== null) {
      code += `"${strings.push(string[1] ?? string[2] ?? '') - 1}"`;
    } else if (character === '/' && BEFORE_REGEXP.test(code) && take(REGEXP) !== null) {
      code += '/ /';
    } else {
      at += 1;
      code += character === '`' ? '(' : character;
      if (character === '`') takeTemplate();
      else if (character === '{') open.push('block');
      else if (character === '}' && open.pop() === 'template') takeTemplate();
    }
  }
  return { code, imports: importsIn(code, strings) };
}

const STATIC = /\b(?:import|export)\b((?:(?!\b(?:import|export)\b)[^;"])*?)\bfrom\s*"(\d+)"/g;
const BARE = /\bimport\s*"(\d+)"/g;
const DYNAMIC = /\bimport\s*\(\s*(?:"(\d+)"\s*[,)])?/g;
/** Other ways to come by a module, of which we use none. */
const OTHER = /\b(?:require|createRequire|getBuiltinModule)\s*\(/g;

function importsIn(code: string, strings: readonly string[]): Import[] {
  const named = (index: string | undefined): string | null =>
    index === undefined ? null : (strings[Number(index)] ?? null);
  return [
    ...[...code.matchAll(STATIC)].map((match) => ({
      target: named(match[2]),
      typesOnly: isTypes(match[1] ?? ''),
    })),
    ...[...code.matchAll(BARE)].map((match) => ({ target: named(match[1]), typesOnly: false })),
    ...[...code.matchAll(DYNAMIC)].map((match) => ({ target: named(match[1]), typesOnly: false })),
    ...[...code.matchAll(OTHER)].map(() => ({ target: null, typesOnly: false })),
  ];
}

/** `type { A }`, or `{ type A, type B }`. */
function isTypes(clause: string): boolean {
  if (/^\s*type\s*[{*\w]/.test(clause)) return true;
  const names = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1];
  return names?.split(',').every((name) => name.trim() === '' || /^\s*type\s+\w/.test(name)) ?? false;
}
