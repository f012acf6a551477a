/* The page of the API: draws the schema; what is tried from here goes by the session of this browser. */
(function () {
  "use strict";
  var place = document.getElementById("api-docs");
  if (!place || typeof SwaggerUIBundle === "undefined") {
    return;
  }
  place.ui = SwaggerUIBundle({
    domNode: place,
    url: place.dataset.schema,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: -1,
    validatorUrl: null,
    persistAuthorization: false,
    requestInterceptor: function (request) {
      if (new URL(request.url, location.href).origin === location.origin) {
        request.headers["X-CSRFToken"] = place.dataset.csrf;
      }
      return request;
    }
  });
})();
