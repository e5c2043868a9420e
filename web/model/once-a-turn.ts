/** Calls `act` once for all calls of one turn, at its end. */
export function onceATurn(act: () => void): () => void {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      act();
    });
  };
}
