// Names that @kmamal/sdl uses and that are newer than Debian 12's SDL 2.26. The compiler gets this file by -include.
#include <SDL.h>
#if !SDL_VERSION_ATLEAST(2, 28, 0)
// This constant follows _DISCONNECTED in SDL_DisplayEventID. An older SDL never sends it.
#define SDL_DISPLAYEVENT_MOVED (SDL_DISPLAYEVENT_DISCONNECTED + 1)
#endif
#if !SDL_VERSION_ATLEAST(2, 30, 0)
#define SDL_CONTROLLERSTEAMHANDLEUPDATED (SDL_CONTROLLERSENSORUPDATE + 2)
static inline Uint64 SDL_GameControllerGetSteamHandle(SDL_GameController *controller) {
  (void)controller;
  return 0; // SDL 2.30 documents: "or 0 if not available"
}
#endif
