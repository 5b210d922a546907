/** Where the mall answers. WeChat asks for an absolute https address of a domain entered in its console. */
export const baseUrl = 'http://127.0.0.1:8000'
