export const userStream = (userId: string): string => `user-${userId}`;
export const emailStream = (addressKey: string): string => `email-${addressKey}`;
export const securityStream = (userId: string): string => `security-${userId}`;
export const adminsStream = 'admins';

/** The id behind the category: `user-42` → `42`. */
export const subjectOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1);
