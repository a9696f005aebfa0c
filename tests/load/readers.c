/* A room's readers and writers over WebSocket, for tests/load/bench.py: one thread, epoll, no allocation per frame.
 *
 * Each line of standard input is one connection: ROOM COOKIE (a cookie of `-` is sent as none). The first SENDERS
 * connections of each room also write; IN_FLIGHT messages of a room are on the way at any time. A message is on the way
 * until its writer has it back (--until sender) or until every reader of the room has it (--until everyone).
 *
 * `--kind rooms` speaks rooms.v1: subscribe, acknowledge at a quarter of the window or after one second, take `ok`.
 * `--kind bare` expects a `subd` upon connecting and no acknowledgements.
 * `--kind tutorial` speaks as the chat of Channels' tutorial does, {"message": ...} both ways, with a key in the text. It
 * numbers nothing and may drop messages: those are counted as `lost`, and after LOST_SECONDS the next one is sent.
 *
 * Everything is checked: each reader's seqs are contiguous, all readers saw one message at one seq, `ok` named that
 * same seq, and every acknowledged message reached every reader. What is wrong is counted in `faults`.
 *
 * `--idle 1` only opens the connections, AT_ONCE of them at any time, lets them read for SECONDS and sends nothing; with
 * `--idle 2` they do not even subscribe. Who is
 * not let in is counted in `turned_away`; without it that ends the program.
 *
 * `--blast PER_FRAME` measures the program itself: a forked child sends ready-made frames as fast as they are taken.
 *
 * Prints JSON lines: {"mark":"ready"}, {"mark":"begin"}, {"mark":"end"}, {"mark":"done", ...}. Times are seconds, latencies
 * microseconds. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SUB_ID = 0, MESSAGES_MAX = 4 * 1000 * 1000, BUCKETS = 64 * 32 };
enum state { WAITING, CONNECTING, HANDSHAKE, WELCOME, CATCHING_UP, LIVE, TURNED_AWAY };
enum kind { ROOMS, BARE, TUTORIAL };
#define LOST_SECONDS 3.0

struct room {
    char slug[64];
    int readers, senders, next_sender;
    int *sender_of;   /* connections that write */
    double next_at;   /* when paced */
};

struct link {
    int fd, room;
    enum state state;
    char cookie[128];
    char *buffer;
    size_t size, used;
    uint64_t last, head, acked;
    size_t bytes_unacked;
    double unacked_since;
};

struct message {
    double sent_at;
    uint64_t seq;
    uint32_t seen;
    int link;
    bool acked, over;
};

static int port, senders_per_room = 10, in_flight = 20, text_bytes = 80, blast = 0;
static double warmup = 0.5, seconds = 3.0, pace = 0.0;
static bool until_everyone = false;
static int idle = 0;
static enum kind kind = ROOMS;
static int at_once = 32;
static char run[9] = "00000000";

static struct link *links;
static int links_count, live_count, turned_away, handshakes, next_to_connect;
static struct room *rooms;
static int rooms_count;
static struct message *messages;
static uint32_t messages_count, messages_room;
static int poller;
static uint64_t window_events = 1024, window_bytes = 1 << 20;

static bool sending, measuring;
static uint64_t delivered, delivered_bytes, frames, completed, acked_count, refused, faults;
static uint64_t sent_in_window, histogram[BUCKETS], samples;
static char first_fault[300];
static char text[4096];

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static double own_cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...) {
    va_list values;
    va_start(values, format);
    fputs("readers: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    exit(1);
}

__attribute__((format(printf, 1, 2))) static void fault(const char *format, ...) {
    if (faults++ == 0) {
        va_list values;
        va_start(values, format);
        vsnprintf(first_fault, sizeof first_fault, format, values);
        va_end(values);
        for (char *at = first_fault; *at; at++)
            if (*at == '"' || *at == '\\' || (unsigned char)*at < ' ') *at = '\'';
    }
}

/* Latencies: 64 buckets to each doubling of microseconds, so that a percentile is right to about 1.1 %. */
static int bucket_of(double microseconds) {
    uint64_t value = microseconds < 0 ? 0 : (uint64_t)microseconds;
    if (value < 64) return (int)value;
    int shift = 63 - __builtin_clzll(value) - 6;
    int bucket = 64 * (shift + 1) + (int)((value >> shift) - 64);
    return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static double middle_of(int bucket) {
    if (bucket < 64) return bucket + 0.5;
    int shift = bucket / 64 - 1;
    return ((double)(64 + bucket % 64) + 0.5) * (double)(1ULL << shift);
}

static double percentile(double share) {
    uint64_t wanted = (uint64_t)(share * (double)samples), passed = 0;
    for (int bucket = 0; bucket < BUCKETS; bucket++)
        if ((passed += histogram[bucket]) > wanted) return middle_of(bucket);
    return 0;
}

/* --- reading JSON by its fixed places: the servers' encoders write no blanks, and a quote inside a text is escaped --- */

static const char *find(const char *from, const char *end, const char *what) {
    return from < end ? memmem(from, (size_t)(end - from), what, strlen(what)) : NULL;
}

static bool number_after(const char *from, const char *end, const char *name, uint64_t *value) {
    const char *at = find(from, end, name);
    if (!at) return false;
    at += strlen(name);
    uint64_t found = 0;
    if (at >= end || *at < '0' || *at > '9') return false;
    while (at < end && *at >= '0' && *at <= '9') found = found * 10 + (uint64_t)(*at++ - '0');
    *value = found;
    return true;
}

static bool starts(const char *at, const char *end, const char *with) {
    size_t size = strlen(with);
    return (size_t)(end - at) >= size && memcmp(at, with, size) == 0;
}

/* --- writing ------------------------------------------------------------------------------------------------- */

static void put_frame(struct link *link, int opcode, const char *body, size_t size) {
    unsigned char out[8192] = {(unsigned char)(0x80 | opcode)};
    size_t head = 2;
    if (size > sizeof out - 8) die("a frame of %zu bytes is too long", size);
    if (size < 126) {
        out[1] = (unsigned char)(0x80 | size);
    } else {
        out[1] = 0x80 | 126;
        out[2] = (unsigned char)(size >> 8);
        out[3] = (unsigned char)size;
        head = 4;
    }
    /* The mask must be present; a constant one costs the server no less than a random one. */
    static const unsigned char mask[4] = {0x9c, 0x4f, 0x21, 0xe7};
    memcpy(out + head, mask, 4);
    head += 4;
    for (size_t place = 0; place < size; place++) out[head + place] = (unsigned char)body[place] ^ mask[place & 3];
    if (send(link->fd, out, head + size, MSG_NOSIGNAL) != (ssize_t)(head + size))
        die("the server does not take a frame of %zu bytes: %s", size, strerror(errno));
}

static void acknowledge(struct link *link) {
    char body[160];
    int size = snprintf(body, sizeof body, "{\"t\":\"ack\",\"room\":\"%s\",\"seq\":%llu}", rooms[link->room].slug,
                        (unsigned long long)link->last);
    put_frame(link, 1, body, (size_t)size);
    link->acked = link->last;
    link->bytes_unacked = 0;
}

static struct message *new_message(int link) {
    if (messages_count == messages_room) {
        messages_room = messages_room ? messages_room * 2 : 1 << 16;
        messages = realloc(messages, messages_room * sizeof *messages);
        if (!messages || messages_count >= MESSAGES_MAX) die("more than %d messages", MESSAGES_MAX);
    }
    struct message *message = &messages[messages_count++];
    *message = (struct message){.sent_at = now(), .link = link};
    return message;
}

static void say(int sender) {
    char body[8000];
    struct link *link = &links[sender];
    uint32_t number = messages_count;
    int size = kind == TUTORIAL
        ? snprintf(body, sizeof body, "{\"message\":\"%s-0000-4000-8000-%012x %s\"}", run, number, text)
        : snprintf(body, sizeof body,
                        "{\"t\":\"send\",\"id\":%u,\"room\":\"%s\",\"key\":\"%s-0000-4000-8000-%012x\",\"text\":\"%s\"}",
                        number + 1, rooms[link->room].slug, run, number, text);
    new_message(sender);
    put_frame(link, 1, body, (size_t)size);
    if (measuring) sent_in_window++;
}

/* --- taking frames ------------------------------------------------------------------------------------------- */

static void message_over(struct message *message) {
    if (message->over) return;
    message->over = true;
    completed++;
    if (sending && pace == 0) say(message->link);
}

static void saw(struct link *link, int self, const char *key, uint64_t seq, double at) {
    if (memcmp(key, run, 8) != 0) return; /* from an earlier run */
    uint32_t number = 0;
    for (const char *digit = key + 24; digit < key + 36; digit++)
        number = number * 16 + (uint32_t)(*digit <= '9' ? *digit - '0' : *digit - 'a' + 10);
    if (blast)
        while (number >= messages_count) new_message(-1);
    if (number >= messages_count) {
        fault("a key that nobody sent");
        return;
    }
    struct message *message = &messages[number];
    if (message->seq == 0) message->seq = seq;
    if (kind == TUTORIAL) message->seq = seq;
    if (message->seq != seq) fault("message %u is %llu here and %llu there", number, (unsigned long long)seq, (unsigned long long)message->seq);
    message->seen++;
    if (measuring) {
        delivered++;
        samples++;
        histogram[bucket_of((at - message->sent_at) * 1e6)]++;
    }
    if (until_everyone ? message->seen == (uint32_t)rooms[link->room].readers : message->link == self) message_over(message);
}

static void take_events(struct link *link, int self, const char *from, const char *end, double at) {
    const char *place = from;
    while ((place = find(place, end, "\"seq\":"))) {
        uint64_t seq = 0;
        place += 6;
        while (place < end && *place >= '0' && *place <= '9') seq = seq * 10 + (uint64_t)(*place++ - '0');
        if (!starts(place, end, ",\"type\":\"")) continue; /* the seq of another message, inside `data` */
        if (seq != link->last + 1) fault("after %llu came %llu", (unsigned long long)link->last, (unsigned long long)seq);
        link->last = seq;
        const char *key = find(place, end, "\"key\":");
        if (!key) {
            fault("an event without a key");
            return;
        }
        place = key + 6;
        if (end - place > 38 && *place == '"') saw(link, self, place + 1, seq, at);
    }
    if (measuring) {
        frames++;
        delivered_bytes += (uint64_t)(end - from);
    }
    if (kind != ROOMS) return;
    if (link->bytes_unacked == 0) link->unacked_since = at;
    link->bytes_unacked += (size_t)(end - from);
    if (link->last - link->acked >= window_events / 4 || link->bytes_unacked >= window_bytes / 4) acknowledge(link);
}

static void open_next(void);

/* Who does not get in: with --idle it is counted. */
static void turn_away(struct link *link, const char *why) {
    int size = (int)strcspn(why, "\r");
    if (!idle) die("refused at the handshake: %.*s", size, why);
    if (turned_away++ == 0) snprintf(first_fault, sizeof first_fault, "turned away: %.*s", size > 200 ? 200 : size, why);
    if (link->state <= HANDSHAKE) handshakes--;
    if (link->state == LIVE) live_count--;
    link->state = TURNED_AWAY;
    link->used = 0;
    close(link->fd);
    open_next();
}

static void now_live(struct link *link) {
    if (link->state == CATCHING_UP && link->last >= link->head) {
        link->state = LIVE;
        live_count++;
    }
}

static void take_text(struct link *link, int self, const char *from, const char *end, double at) {
    uint64_t value;
    if (kind == TUTORIAL) {
        const char *text_at = find(from, end, "\"message\":");
        const char *key = text_at ? find(text_at + 10, end, "\"") : NULL;
        if (!key || end - key < 38) {
            fault("not a message: %.*s", (int)(end - from > 100 ? 100 : end - from), from);
            return;
        }
        if (measuring) frames++;
        saw(link, self, key + 1, ++link->last, at);
    } else if (starts(from, end, "{\"t\":\"ev\"") || starts(from, end, "{\"t\":\"batch\"")) {
        take_events(link, self, from, end, at);
        now_live(link);
    } else if (starts(from, end, "{\"t\":\"ok\"")) {
        uint64_t id = 0, seq = 0;
        if (!number_after(from, end, "\"id\":", &id) || !number_after(from, end, "\"seq\":", &seq) || id == 0 || id > messages_count) {
            fault("an ok without id and seq");
            return;
        }
        struct message *message = &messages[id - 1];
        if (message->seq == 0) message->seq = seq;
        if (message->acked || message->seq != seq) fault("ok names %llu, the event %llu", (unsigned long long)seq, (unsigned long long)message->seq);
        message->acked = true;
        acked_count++;
    } else if (starts(from, end, "{\"t\":\"welcome\"")) {
        if (number_after(from, end, "\"window_events\":", &value)) window_events = value;
        if (number_after(from, end, "\"window_bytes\":", &value)) window_bytes = value;
        if (idle == 2) {
            link->state = LIVE;
            live_count++;
            return;
        }
        char body[160];
        int size = snprintf(body, sizeof body, "{\"t\":\"sub\",\"id\":%d,\"room\":\"%s\"}", SUB_ID, rooms[link->room].slug);
        put_frame(link, 1, body, (size_t)size);
    } else if (starts(from, end, "{\"t\":\"subd\"")) {
        const char *state = find(from, end, "\"state\":");
        if (!number_after(from, state ? state : end, "\"head\":", &link->head) ||
            !number_after(from, state ? state : end, "\"since\":", &link->last))
            die("subd without head and since");
        link->acked = link->last;
        link->state = CATCHING_UP;
        now_live(link);
    } else if (starts(from, end, "{\"t\":\"skip\"")) {
        if (number_after(from, end, "\"to\":", &value)) link->last = value;
    } else if (starts(from, end, "{\"t\":\"err\"")) {
        refused++;
        fault("refused: %.*s", (int)(end - from > 200 ? 200 : end - from), from);
        if (number_after(from, end, "\"id\":", &value) && value > 0 && value <= messages_count) message_over(&messages[value - 1]);
    } else if (starts(from, end, "{\"t\":\"gone\"")) {
        if (!idle) die("the server ended a connection: %.*s", (int)(end - from), from);
        turn_away(link, "gone");
    }
}

static size_t take_handshake(struct link *link) {
    char *end = memmem(link->buffer, link->used, "\r\n\r\n", 4);
    if (!end) return 0;
    if (!starts(link->buffer, end, "HTTP/1.1 101")) {
        turn_away(link, link->buffer);
        return 0;
    }
    link->state = blast || kind == TUTORIAL ? LIVE : WELCOME;
    live_count += link->state == LIVE;
    handshakes--;
    open_next();
    return (size_t)(end + 4 - link->buffer);
}

/* The size of the first whole frame in the buffer, or 0. */
static size_t take_frame(struct link *link, int self, const char *from, size_t left, double at) {
    const unsigned char *raw = (const unsigned char *)from;
    if (left < 2) return 0;
    size_t size = raw[1] & 127, head = 2;
    if (size == 126) {
        if (left < 4) return 0;
        size = (size_t)raw[2] << 8 | raw[3];
        head = 4;
    } else if (size == 127) {
        if (left < 10) return 0;
        size = 0;
        for (int place = 2; place < 10; place++) size = size << 8 | raw[place];
        head = 10;
    }
    if (left < head + size) return 0;
    switch (raw[0]) {
    case 0x81: take_text(link, self, from + head, from + head + size, at); break;
    case 0x89: put_frame(link, 10, from + head, size); break;
    case 0x8a: break;
    case 0x88:
        if (idle) {
            turn_away(link, "closed");
            break;
        }
        die("the server closed a connection (%d)", size >= 2 ? raw[head] << 8 | raw[head + 1] : 0);
    default: die("a frame that begins with 0x%02x", raw[0]);
    }
    return head + size;
}

static void readable(int self) {
    struct link *link = &links[self];
    if (link->size - link->used < 2048 || (link->used && link->size - link->used < 16384)) {
        link->size = link->size ? link->size * 4 : 8192;
        link->buffer = realloc(link->buffer, link->size);
        if (!link->buffer) die("out of memory");
    }
    ssize_t got = recv(link->fd, link->buffer + link->used, link->size - link->used - 1, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        if (blast) {
            epoll_ctl(poller, EPOLL_CTL_DEL, link->fd, NULL);
            return;
        }
        const char *how = got ? strerror(errno) : "end of stream";
        if (!idle) die("a connection broke: %s", how);
        turn_away(link, how);
        return;
    }
    double at = now();
    link->used += (size_t)got;
    link->buffer[link->used] = 0;
    size_t done = link->state == HANDSHAKE ? take_handshake(link) : 0;
    if (link->state > HANDSHAKE)
        for (size_t size; link->state < TURNED_AWAY && (size = take_frame(link, self, link->buffer + done, link->used - done, at)); done += size) {}
    if (link->state == TURNED_AWAY) return;
    link->used -= done;
    if (link->used && done) memmove(link->buffer, link->buffer + done, link->used);
}

/* --- coming in ----------------------------------------------------------------------------------------------- */

static void open_next(void) {
    while (handshakes < at_once && next_to_connect < links_count) {
        int self = next_to_connect++;
        struct link *link = &links[self];
        struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        link->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (link->fd < 0) die("no socket: %s", strerror(errno));
        int on = 1;
        setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(link->fd, (struct sockaddr *)&place, sizeof place) && errno != EINPROGRESS) die("cannot connect: %s", strerror(errno));
        link->state = CONNECTING;
        handshakes++;
        struct epoll_event wanted = {.events = EPOLLIN | EPOLLOUT, .data.u32 = (uint32_t)self};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, link->fd, &wanted)) die("epoll: %s", strerror(errno));
    }
}

static void connected(int self) {
    struct link *link = &links[self];
    int error = 0;
    socklen_t error_size = sizeof error;
    getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
    if (error) {
        turn_away(link, strerror(error));
        return;
    }
    char cookie[200] = "", request[1024], path[96] = "/live/";
    if (strcmp(link->cookie, "-") != 0) snprintf(cookie, sizeof cookie, "Cookie: sessionid=%s\r\n", link->cookie);
    if (kind == TUTORIAL) snprintf(path, sizeof path, "/ws/chat/%s/", rooms[link->room].slug);
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: http://127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Key: bGFtcCBieSB0aGUgZG9vcg==\r\nSec-WebSocket-Version: 13\r\n"
                        "%s%s\r\n", path, port, port, kind == TUTORIAL ? "" : "Sec-WebSocket-Protocol: rooms.v1\r\n", cookie);
    if (send(link->fd, request, (size_t)size, MSG_NOSIGNAL) != size) die("cannot send the handshake: %s", strerror(errno));
    link->state = HANDSHAKE;
    struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = (uint32_t)self};
    if (epoll_ctl(poller, EPOLL_CTL_MOD, link->fd, &wanted)) die("epoll: %s", strerror(errno));
}

static int room_named(const char *slug) {
    /* Lines come room by room, so the last one is nearly always it. */
    for (int number = rooms_count - 1; number >= 0; number--)
        if (strcmp(rooms[number].slug, slug) == 0) return number;
    rooms = realloc(rooms, (size_t)(rooms_count + 1) * sizeof *rooms);
    rooms[rooms_count] = (struct room){.sender_of = calloc((size_t)senders_per_room, sizeof(int))};
    snprintf(rooms[rooms_count].slug, sizeof rooms->slug, "%s", slug);
    return rooms_count++;
}

static void read_links(void) {
    char slug[64], cookie[128];
    while (scanf("%63s %127s", slug, cookie) == 2) {
        links = realloc(links, (size_t)(links_count + 1) * sizeof *links);
        struct link *link = &links[links_count];
        *link = (struct link){.fd = -1, .room = room_named(slug)};
        memcpy(link->cookie, cookie, sizeof cookie);
        struct room *room = &rooms[link->room];
        if (room->senders < senders_per_room) room->sender_of[room->senders++] = links_count;
        room->readers++;
        links_count++;
    }
    if (!links_count) die("no connections on standard input");
}

/* --- the course of a run ------------------------------------------------------------------------------------- */

static void step(int wait_ms) {
    static struct epoll_event events[256];
    int count = epoll_wait(poller, events, 256, wait_ms);
    for (int place = 0; place < count; place++) {
        int self = (int)events[place].data.u32;
        if (links[self].state == CONNECTING) connected(self);
        else if (links[self].state != TURNED_AWAY) readable(self);
    }
}

static void acknowledge_what_waits(double at) {
    static double looked_at;
    if (kind != ROOMS || at - looked_at < 0.05) return;
    looked_at = at;
    for (struct link *link = links; link < links + links_count; link++)
        if ((link->state == CATCHING_UP || link->state == LIVE) && link->last > link->acked && at - link->unacked_since >= 1.0) acknowledge(link);
}

static void keep_pace(double at) {
    for (struct room *room = rooms; room < rooms + rooms_count && pace > 0; room++)
        while (room->next_at <= at) {
            say(room->sender_of[room->next_sender++ % room->senders]);
            room->next_at = (room->next_at > 0 ? room->next_at : at) + 1.0 / pace;
        }
}

/* The tutorial's layers drop what a full channel can't take: those messages are given up, so that others are sent. */
static void give_up_the_lost(double at) {
    static uint32_t oldest;
    for (; kind == TUTORIAL && oldest < messages_count && (messages[oldest].over || at - messages[oldest].sent_at > LOST_SECONDS); oldest++)
        message_over(&messages[oldest]);
}

static void run_until(double end) {
    for (double at; (at = now()) < end;) {
        if (sending) keep_pace(at);
        step(pace > 0 && sending ? 1 : 20);
        give_up_the_lost(at);
        acknowledge_what_waits(at);
    }
}

static void mark(const char *name) {
    printf("{\"mark\":\"%s\"}\n", name);
    fflush(stdout);
}

static bool all_is_in(void) {
    static uint32_t in; /* the messages before it are in everywhere */
    for (; in < messages_count; in++)
        if (messages[in].seen < (uint32_t)rooms[links[messages[in].link].room].readers || (kind == ROOMS && !messages[in].acked)) return false;
    return true;
}

static void blaster(int door) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    int *taken = calloc((size_t)links_count, sizeof(int));
    for (int number = 0; number < links_count; number++) {
        char request[2048];
        size_t used = 0;
        taken[number] = accept(door, NULL, NULL);
        while (used < 4 || memcmp(request + used - 4, "\r\n\r\n", 4) != 0) {
            ssize_t got = recv(taken[number], request + used, sizeof request - used, 0);
            if (got <= 0) exit(1);
            used += (size_t)got;
        }
        const char *answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
        if (send(taken[number], answer, strlen(answer), MSG_NOSIGNAL) < 0) exit(1);
    }
    size_t room = 1000 + (size_t)blast * (600 + strlen(text) * 2);
    char *frame = malloc(room), *body = malloc(room);
    for (uint64_t seq = 1;;) {
        size_t size = (size_t)sprintf(body, "{\"t\":\"batch\",\"room\":\"%s\",\"ev\":[", rooms[0].slug);
        for (int number = 0; number < blast; number++, seq++)
            size += (size_t)sprintf(body + size,
                                    "%s{\"seq\":%llu,\"type\":\"message.posted\",\"by\":{\"id\":\"0123456789\",\"handle\":\"load 1\"},"
                                    "\"at\":\"2026-01-01T00:00:00.000Z\",\"key\":\"%s-0000-4000-8000-%012llx\",\"data\":{\"text\":\"%s\",\"html\":\"<p>%s</p>\"}}",
                                    number ? "," : "", (unsigned long long)seq, run, (unsigned long long)(seq - 1), text, text);
        size += (size_t)sprintf(body + size, "]}");
        size_t head = size < 126 ? 2 : size < 65536 ? 4 : 10;
        frame[0] = (char)0x81;
        frame[1] = (char)(head == 2 ? size : head == 4 ? 126 : 127);
        for (size_t place = 2; place < head; place++) frame[place] = (char)(size >> 8 * (head - 1 - place));
        memcpy(frame + head, body, size);
        for (int number = 0; number < links_count; number++)
            if (send(taken[number], frame, head + size, MSG_NOSIGNAL) < 0) exit(0);
    }
}

static pid_t start_blaster(void) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof place;
    int door = socket(AF_INET, SOCK_STREAM, 0);
    if (door < 0 || bind(door, (struct sockaddr *)&place, size) || listen(door, 1024) ||
        getsockname(door, (struct sockaddr *)&place, &size))
        die("cannot listen: %s", strerror(errno));
    port = ntohs(place.sin_port);
    pid_t child = fork();
    if (child == 0) {
        blaster(door);
        exit(0);
    }
    close(door);
    return child;
}

static void options(int count, char **given) {
    for (int place = 1; place + 1 < count; place += 2) {
        const char *name = given[place], *value = given[place + 1];
        if (!strcmp(name, "--port")) port = atoi(value);
        else if (!strcmp(name, "--kind")) kind = !strcmp(value, "rooms") ? ROOMS : !strcmp(value, "bare") ? BARE : TUTORIAL;
        else if (!strcmp(name, "--idle")) idle = atoi(value);
        else if (!strcmp(name, "--at-once")) at_once = atoi(value);
        else if (!strcmp(name, "--senders")) senders_per_room = atoi(value);
        else if (!strcmp(name, "--in-flight")) in_flight = atoi(value);
        else if (!strcmp(name, "--until")) until_everyone = !strcmp(value, "everyone");
        else if (!strcmp(name, "--pace")) pace = atof(value);
        else if (!strcmp(name, "--warmup")) warmup = atof(value);
        else if (!strcmp(name, "--seconds")) seconds = atof(value);
        else if (!strcmp(name, "--text-bytes")) text_bytes = atoi(value);
        else if (!strcmp(name, "--blast")) blast = atoi(value);
        else if (!strcmp(name, "--run")) snprintf(run, sizeof run, "%s", value);
        else die("no such option: %s", name);
    }
    if (text_bytes < 1 || text_bytes >= (int)sizeof text || strlen(run) != 8 || senders_per_room < 1) die("wrong options");
    static const char words[] = "one day at a time and the kettle is on ";
    for (int place = 0; place < text_bytes; place++) text[place] = words[place % (int)(sizeof words - 1)];
    text[text_bytes - 1] = '.';
}

int main(int count, char **given) {
    options(count, given);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    read_links();
    if (blast) kind = BARE;
    pid_t child = blast ? start_blaster() : 0;
    poller = epoll_create1(EPOLL_CLOEXEC);

    double came = now(), patience = came + 20 + links_count * 0.05;
    open_next();
    while (live_count + turned_away < links_count) {
        if (now() > patience) die("only %d of %d connections came to read within %.0f s", live_count, links_count, patience - came);
        step(20);
        acknowledge_what_waits(now());
    }
    double connecting = now() - came;
    mark("ready");

    sending = !blast && !idle;
    if (pace == 0)
        for (struct room *room = rooms; sending && room < rooms + rooms_count; room++)
            for (int number = 0; number < in_flight; number++) say(room->sender_of[number % room->senders]);
    run_until(now() + warmup);

    double cpu = own_cpu(), began = now();
    measuring = true;
    mark("begin");
    run_until(began + seconds);
    double ended = now();
    measuring = sending = false;
    cpu = own_cpu() - cpu;
    mark("end");

    uint64_t lost = 0;
    if (blast) {
        kill(child, SIGTERM);
        waitpid(child, NULL, 0);
    } else if (kind == TUTORIAL) {
        for (double until = now() + LOST_SECONDS; now() < until && !all_is_in();) step(20);
        for (uint32_t number = 0; number < messages_count; number++)
            lost += (uint64_t)rooms[links[messages[number].link].room].readers - messages[number].seen;
    } else {
        for (double until = now() + 10; now() < until && !all_is_in(); acknowledge_what_waits(now())) step(20);
        if (!all_is_in()) fault("not every message reached every reader within 10 s of the last one");
        if (kind == ROOMS && acked_count + refused != messages_count) fault("%llu of %u messages were acknowledged", (unsigned long long)acked_count, messages_count);
    }
    for (struct link *link = links; link < links + links_count && !blast; link++)
        if (link->state != TURNED_AWAY) put_frame(link, 8, "\x03\xe8", 2);
    printf("{\"mark\":\"done\",\"seconds\":%.6f,\"connecting\":%.6f,\"connections\":%d,\"delivered\":%llu,\"frames\":%llu,\"bytes\":%llu,"
           "\"sent\":%u,\"sent_in_window\":%llu,\"acked\":%llu,\"refused\":%llu,\"p50\":%.1f,\"p99\":%.1f,\"cpu\":%.6f,\"lost\":%llu,\"turned_away\":%d,\"faults\":%llu,\"first_fault\":\"%s\"}\n",
           ended - began, connecting, links_count, (unsigned long long)delivered, (unsigned long long)frames,
           (unsigned long long)delivered_bytes, messages_count, (unsigned long long)sent_in_window, (unsigned long long)acked_count,
           (unsigned long long)refused, percentile(0.50), percentile(0.99), cpu, (unsigned long long)lost, turned_away, (unsigned long long)faults, first_fault);
    return 0;
}
