/** Lists of tags, as records of DMARC and BIMI have them: `v=DMARC1; p=none`. RFC 9989 §4.8, RFC 6376 §3.2. */

export interface Tags {
  /** The first value of each tag, names in lower case. */
  readonly values: ReadonlyMap<string, string>;
  /** What is no tag, or stands there twice: a sentence each, without its full stop; at most ten. */
  readonly problems: readonly string[];
}

const MOST_PROBLEMS = 10;

/** Reads the tags; white space around names, values and semicolons counts for nothing. */
export function readTags(text: string): Tags {
  const values = new Map<string, string>();
  const problems: string[] = [];
  const pieces = text.split(';');
  pieces.forEach((piece, index) => {
    const trimmed = withoutSpace(piece);
    // One semicolon may end the record.
    if (trimmed === '' && index === pieces.length - 1) return;
    const tag = /^([a-z][a-z0-9_]*)[ \t]*=[ \t]*((?:[\x21-\x3a\x3c-\x7e][\x20-\x3a\x3c-\x7e\t]*)?)$/i.exec(
      trimmed,
    );
    const name = tag?.[1]?.toLowerCase();
    if (name === undefined) problems.push(`there is no tag=value at ${shown(trimmed)}`);
    else if (values.has(name)) problems.push(`the tag ${name} is there more than once`);
    else values.set(name, tag?.[2] ?? '');
  });
  return { values, problems: problems.slice(0, MOST_PROBLEMS) };
}

/** The text without spaces and tabs at its ends; not by a pattern, which takes long where there are many of them. */
export function withoutSpace(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && isSpace(text, from)) from += 1;
  while (from < to && isSpace(text, to - 1)) to -= 1;
  return text.slice(from, to);
}

function isSpace(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t';
}

function shown(text: string): string {
  return text === '' ? 'an empty place' : JSON.stringify(text.slice(0, 40));
}
