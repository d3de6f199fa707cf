/** Text in XML 1.0, whoever wrote it. */

/** An element with its attributes; without text an empty one. */
export function element(name: string, known: Readonly<Record<string, string | number>>, text = ''): string {
  const head = `${name}${attributes(known)}`;
  return text === '' ? `<${head}/>` : `<${head}>${xmlText(text)}</${name}>`;
}

/** Each with a space before it. */
export function attributes(known: Readonly<Record<string, string | number>>): string {
  return Object.entries(known)
    .map(
      ([name, value]) =>
        ` ${name}="${xmlText(String(value)).replace(/[\t\n"]/g, (sign) => `&#${sign.charCodeAt(0)};`)}"`,
    )
    .join('');
}

/** Characters that XML 1.0 §2.2 has not, not even by number, are shown as U+FFFD. */
function xmlText(text: string): string {
  return (
    text
      .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      // Else whoever reads it makes a line feed of it.
      .replaceAll('\r', '&#13;')
  );
}
