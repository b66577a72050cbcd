// Names that @kmamal/sdl uses and that are newer than Debian 12's SDL 2.26; given to the compiler with -include.
#include <SDL.h>
#if !SDL_VERSION_ATLEAST(2, 28, 0)
// Its place is right after _DISCONNECTED in SDL_DisplayEventID; an older SDL never sends it.
#define SDL_DISPLAYEVENT_MOVED (SDL_DISPLAYEVENT_DISCONNECTED + 1)
#endif
#if !SDL_VERSION_ATLEAST(2, 30, 0)
#define SDL_CONTROLLERSTEAMHANDLEUPDATED (SDL_CONTROLLERSENSORUPDATE + 2)
static inline Uint64 SDL_GameControllerGetSteamHandle(SDL_GameController *controller) {
  (void)controller;
  return 0; // "or 0 if not available", as SDL 2.30 documents it
}
#endif
