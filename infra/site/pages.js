// Runs at CloudFront's edge before the cache is asked. A page route such as /items/42 has no file of its own: the
// application's entry page answers it. Requests for files and for the API's path pass unchanged, so that a missing file
// is a 404 and not a page.
function handler(event) {
  var request = event.request;
  var uri = request.uri;
  var isApi = uri === '/api' || uri.startsWith('/api/');
  var isFile = uri.substring(uri.lastIndexOf('/') + 1).indexOf('.') !== -1;
  if (!isApi && !isFile) {
    request.uri = '/index.html';
  }
  return request;
}
