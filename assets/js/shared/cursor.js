/** The code that all pages look at. */

/** A cursor at another epoch. What has been added to an image's own code stays, if the cursor keeps its image. */
export function cursorAt(run, cursor, epoch) {
  const position = cursor.keep === "digit" ? run.place(cursor.start) : -1;
  if (position < 0) return { ...cursor, epoch };
  const before = run.mean(cursor.epoch, position);
  const after = run.mean(epoch, position);
  return { ...cursor, epoch, z: cursor.z.map((value, dimension) => value - before[dimension] + after[dimension]) };
}
