const MARK = '\u0000';

/** A sentence with a name in it, whose direction stays its own. */
export function Named({ text, name }: { readonly text: (name: string) => string; readonly name: string }) {
  const [before, after = ''] = text(MARK).split(MARK);
  return (
    <>
      {before}
      <bdi>{name}</bdi>
      {after}
    </>
  );
}
