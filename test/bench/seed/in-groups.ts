/** How many run at once: as many as one commit takes. */
const groupSize = 256;

/** What `make` gives for 0 to count − 1, in order, made a group at a time. */
export const inGroups = async <Made>(count: number, make: (index: number) => Promise<Made>): Promise<Made[]> => {
  const made: Made[] = [];
  while (made.length < count) {
    const group = Array.from({ length: Math.min(groupSize, count - made.length) }, (_, index) => made.length + index);
    made.push(...(await Promise.all(group.map(make))));
  }
  return made;
};
