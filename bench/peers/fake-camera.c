// A V4L2 camera of Motion JPEG without a device, for programs that read cameras with V4L2 and mmap. It is loaded with LD_PRELOAD.
//
// FAKE_CAMERA is the path that the program opens (any file), FAKE_JPEGS a folder with 0000.jpg, 0001.jpg … of 1280×720, and with the file
// `times` (jpeg-folder.ts), where the camera notes when it delivers each of them. FAKE_INTERVAL_NS is the time between two pictures.
// The descriptor is a timer, so select(2) and poll(2) work without further ado.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BUFFERS 8
#define BUFFER_BYTES (1 << 20)
#define MOST_JPEGS 300

static int camera = -1;
static unsigned char *buffers[BUFFERS];
static unsigned queue[64], queue_head, queue_tail;
static struct {
  unsigned char *bytes;
  size_t length;
} jpegs[MOST_JPEGS];
static int jpeg_count, jpeg_index;
static unsigned sequence;
/** The time of the last delivery of each JPEG, in microseconds since 1970. */
static int64_t *times;

static void load_jpegs(void) {
  char path[4096];
  while (jpeg_count < MOST_JPEGS) {
    snprintf(path, sizeof path, "%s/%04d.jpg", getenv("FAKE_JPEGS"), jpeg_count);
    FILE *file = fopen(path, "rb");
    if (file == NULL) break;
    unsigned char *bytes = malloc(BUFFER_BYTES);
    jpegs[jpeg_count].bytes = bytes;
    jpegs[jpeg_count].length = fread(bytes, 1, BUFFER_BYTES, file);
    fclose(file);
    jpeg_count++;
  }
  snprintf(path, sizeof path, "%s/times", getenv("FAKE_JPEGS"));
  const int file = open(path, O_RDWR);
  if (file < 0) abort();
  times = mmap(NULL, MOST_JPEGS * sizeof *times, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (times == MAP_FAILED) abort();
  close(file);
}

static int open_camera(void) {
  if (jpeg_count == 0) load_jpegs();
  for (int i = 0; i < BUFFERS; i++)
    if (buffers[i] == NULL)
      buffers[i] = mmap(NULL, BUFFER_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  camera = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  const long interval = atol(getenv("FAKE_INTERVAL_NS"));
  const struct itimerspec every_frame = {{0, interval}, {0, interval}};
  timerfd_settime(camera, 0, &every_frame, NULL);
  queue_head = queue_tail = 0;
  return camera;
}

static int is_camera(const char *path) {
  const char *wanted = getenv("FAKE_CAMERA");
  return wanted != NULL && strcmp(path, wanted) == 0;
}

#define OPEN(name)                                                       \
  int name(const char *path, int flags, ...) {                           \
    if (is_camera(path)) return open_camera();                           \
    va_list rest;                                                        \
    va_start(rest, flags);                                               \
    const int mode = va_arg(rest, int);                                  \
    va_end(rest);                                                        \
    int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, #name);       \
    return next(path, flags, mode);                                      \
  }
OPEN(open)
OPEN(open64)

// Programs that are built with _FORTIFY_SOURCE call these.
int __open_2(const char *path, int flags) { return open(path, flags, 0); }
int __open64_2(const char *path, int flags) { return open64(path, flags, 0); }

void *mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
  if (descriptor >= 0 && descriptor == camera) return buffers[(offset / BUFFER_BYTES) % BUFFERS];
  void *(*next)(void *, size_t, int, int, int, off_t) = dlsym(RTLD_NEXT, "mmap");
  return next(address, length, protection, flags, descriptor, offset);
}

void *mmap64(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
  return mmap(address, length, protection, flags, descriptor, offset);
}

int munmap(void *address, size_t length) {
  for (int i = 0; i < BUFFERS; i++)
    if (address != NULL && address == buffers[i]) return 0;
  int (*next)(void *, size_t) = dlsym(RTLD_NEXT, "munmap");
  return next(address, length);
}

static int dequeue(struct v4l2_buffer *buffer) {
  uint64_t expirations;
  if (queue_head == queue_tail || read(camera, &expirations, sizeof expirations) != sizeof expirations) {
    errno = EAGAIN;
    return -1;
  }
  const unsigned index = queue[queue_head++ % 64];
  jpeg_index = (jpeg_index + 1) % jpeg_count;
  memcpy(buffers[index], jpegs[jpeg_index].bytes, jpegs[jpeg_index].length);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  buffer->index = index;
  buffer->bytesused = jpegs[jpeg_index].length;
  buffer->length = BUFFER_BYTES;
  buffer->m.offset = index * BUFFER_BYTES;
  buffer->flags = 0;
  buffer->sequence = sequence++;
  buffer->timestamp.tv_sec = now.tv_sec;
  buffer->timestamp.tv_usec = now.tv_nsec / 1000;
  clock_gettime(CLOCK_REALTIME, &now);
  times[jpeg_index] = now.tv_sec * 1000000ll + now.tv_nsec / 1000;
  return 0;
}

static int answer(unsigned request, void *argument) {
  switch (request) {
    case VIDIOC_QUERYCAP: {
      struct v4l2_capability *capability = argument;
      memset(capability, 0, sizeof *capability);
      strcpy((char *)capability->driver, "fake");
      strcpy((char *)capability->card, "fake camera");
      capability->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
      capability->capabilities = capability->device_caps | V4L2_CAP_DEVICE_CAPS;
      return 0;
    }
    case VIDIOC_S_INPUT:
    case VIDIOC_STREAMON:
    case VIDIOC_STREAMOFF:
      return 0;
    case VIDIOC_G_FMT:
    case VIDIOC_S_FMT:
    case VIDIOC_TRY_FMT: {
      struct v4l2_pix_format *format = &((struct v4l2_format *)argument)->fmt.pix;
      format->width = 1280;
      format->height = 720;
      format->pixelformat = V4L2_PIX_FMT_MJPEG;
      format->field = V4L2_FIELD_NONE;
      format->sizeimage = BUFFER_BYTES;
      format->bytesperline = 0;
      return 0;
    }
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM: {
      struct v4l2_captureparm *capture = &((struct v4l2_streamparm *)argument)->parm.capture;
      capture->capability = V4L2_CAP_TIMEPERFRAME;
      capture->timeperframe.numerator = 1;
      capture->timeperframe.denominator = 30;
      return 0;
    }
    case VIDIOC_REQBUFS: {
      struct v4l2_requestbuffers *wanted = argument;
      if (wanted->count > BUFFERS) wanted->count = BUFFERS;
      queue_head = queue_tail = 0;
      return 0;
    }
    case VIDIOC_QUERYBUF: {
      struct v4l2_buffer *buffer = argument;
      buffer->length = BUFFER_BYTES;
      buffer->m.offset = buffer->index * BUFFER_BYTES;
      return 0;
    }
    case VIDIOC_QBUF:
      queue[queue_tail++ % 64] = ((struct v4l2_buffer *)argument)->index;
      return 0;
    case VIDIOC_DQBUF:
      return dequeue(argument);
    default:
      errno = EINVAL;
      return -1;
  }
}

int ioctl(int descriptor, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  if (descriptor >= 0 && descriptor == camera) return answer((unsigned)request, argument);
  int (*next)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
  return next(descriptor, request, argument);
}
