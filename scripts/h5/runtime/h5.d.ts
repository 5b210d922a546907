/** What the builder makes for the runtime. */
declare module 'h5:manifest' {
  const manifest: import('./core/manifest').Manifest;
  export default manifest;
}
