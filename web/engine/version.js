/** Both sides refuse messages of another version: a page and a worker from two releases may meet in a cache. */
export const version = 3
