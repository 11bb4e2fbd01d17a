// The build of the site: web/site/site.mjs inserts its name here. It detects a page that is still open when another build is
// deployed: its workers would be those of the new build.

export const build = ''
