/** A path of one or more plain segments, as the handler and its page are mounted at: `/api/integrations`. */
export const MOUNT_PATH = /^(\/[A-Za-z0-9._~-]+)+$/
