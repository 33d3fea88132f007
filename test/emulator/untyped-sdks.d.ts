declare module 'facebook-nodejs-business-sdk' {
  interface FacebookCursor extends Array<{ readonly id: string; readonly name: string }> {
    hasNext(): boolean
    next(): Promise<FacebookCursor>
  }
  class FacebookAdsApi {
    constructor(accessToken: string, locale: string, crashLog: boolean)
    call(method: string, path: readonly string[], params?: object): Promise<unknown>
  }
  interface User {
    getAdAccounts(fields: readonly string[], params: object): Promise<FacebookCursor>
  }
  const sdk: {
    readonly FacebookAdsApi: typeof FacebookAdsApi
    readonly User: new (id: string, data: object, parent: undefined, api: FacebookAdsApi) => User
  }
  export default sdk
}

declare module 'tiktok-business-api-sdk-official/src/ApiClient.js' {
  export class ApiClient {
    basePath: string
  }
}

declare module 'tiktok-business-api-sdk-official/src/api/AuthenticationApi.js' {
  import type { ApiClient } from 'tiktok-business-api-sdk-official/src/ApiClient.js'
  type Callback = (error: Error | null, data: unknown) => void
  export class AuthenticationApi {
    constructor(client: ApiClient)
    oauth2AccessToken(options: object, callback: Callback): void
    oauth2AdvertiserGet(appId: string, secret: string, accessToken: string, callback: Callback): void
  }
}

declare module 'tiktok-business-api-sdk-official/src/api/AccountManagementApi.js' {
  import type { ApiClient } from 'tiktok-business-api-sdk-official/src/ApiClient.js'
  export class AccountManagementApi {
    constructor(client: ApiClient)
    advertiserInfo(
      advertiserIds: readonly string[],
      accessToken: string,
      options: object,
      callback: (error: Error | null, data: unknown) => void,
    ): void
  }
}
