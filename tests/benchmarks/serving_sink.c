/* A news server that keeps every article and gives it back: never the bottleneck.

   usage: serving_sink FILE DELAY_MILLISECONDS

   It listens on two free ports of 127.0.0.1 and prints them as one JSON line: "port" answers at
   once; on "delayed_port" every answer is DELAY_MILLISECONDS on its way, one round trip, whatever
   else is on the way. On SIGUSR1 it prints a JSON line of what it has counted since the last one,
   and on SIGTERM it ends.

   A thread a connection. Articles lie in FILE as they came, so that an answer is one sendfile from
   the page cache, with nothing copied into this process. An article's end is looked for at the end
   of what has come only: POST is not pipelined (RFC 3977, 6.3.1). Other commands may be. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_SIZE = 1 << 18, LINE_LIMIT = 2048, BUCKETS = 1 << 18 };

struct article {
    struct article *next;
    off_t at;
    size_t head, size; /* bytes: of the headers with their empty line, and of everything */
    char id[];
};

struct answer { /* text, and then a part of the file */
    struct answer *next;
    double due;
    unsigned articles; /* that these answers are about */
    size_t length;
    off_t at;
    size_t size;
    char text[1 << 14];
};

struct connection {
    int socket, posting, closing;
    double delay;
    char *data; /* what has come and is not understood yet */
    size_t length, room;
    struct answer *first, *last;
    unsigned waiting; /* articles asked for and not answered */
};

struct counts {
    unsigned long connections, posted, asked, served, missing, depth;
    unsigned long long posted_bytes, served_bytes;
    double first, last; /* when an article was asked for, and an answer about one was sent */
};

static int file;
static off_t end_of_file;
static double delay;
static struct article *buckets[BUCKETS];
static struct counts counted;
static pthread_rwlock_t articles_lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t counts_lock = PTHREAD_MUTEX_INITIALIZER;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void *need(void *memory) {
    if (!memory) {
        perror("serving_sink");
        exit(1);
    }
    return memory;
}

static struct article **bucket(const char *id) {
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (; *id; id++) hash = (hash ^ (unsigned char)*id) * 1099511628211u;
    return &buckets[(hash ^ hash >> 32) % BUCKETS];
}

/* Articles are never removed, so that what is found stays valid after the lock. */
static struct article *find(const char *id) {
    pthread_rwlock_rdlock(&articles_lock);
    struct article *found = *bucket(id);
    while (found && strcmp(found->id, id)) found = found->next;
    pthread_rwlock_unlock(&articles_lock);
    return found;
}

/* A text in the queue: behind the last one if that was due at the same time, else after it. */
static struct answer *say(struct connection *c, double due, const char *text) {
    size_t length = strlen(text);
    struct answer *last = c->last;
    if (!last || last->size || last->due != due || last->length + length > sizeof last->text) {
        last = need(malloc(sizeof *last));
        *last = (struct answer){.due = due};
        if (c->last) c->last->next = last;
        else c->first = last;
        c->last = last;
    }
    memcpy(last->text + last->length, text, length);
    last->length += length;
    return last;
}

static int send_all(int to, const char *data, size_t length, int flags) {
    while (length) {
        ssize_t sent = send(to, data, length, MSG_NOSIGNAL | flags);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return 0;
        data += sent;
        length -= sent;
    }
    return 1;
}

static int send_file(int to, off_t at, size_t length) {
    while (length) {
        ssize_t sent = sendfile(to, file, &at, length);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return 0;
        length -= sent;
    }
    return 1;
}

/* Send what is due; 0 when the client is gone. */
static int send_due(struct connection *c) {
    while (c->first && c->first->due <= now()) {
        struct answer *answer = c->first;
        if (!send_all(c->socket, answer->text, answer->length, answer->size ? MSG_MORE : 0) ||
            !send_file(c->socket, answer->at, answer->size))
            return 0;
        c->waiting -= answer->articles;
        if (!(c->first = answer->next)) c->last = NULL;
        pthread_mutex_lock(&counts_lock);
        if (answer->articles) counted.last = now();
        counted.served_bytes += answer->size;
        pthread_mutex_unlock(&counts_lock);
        free(answer);
    }
    return 1;
}

static void give(struct connection *c, double due, const char *line) {
    static const char *lines[] = {"STAT", "BODY", "ARTICLE", "HEAD"};
    static const int codes[] = {223, 222, 220, 221};
    int which = 0;
    while (strncasecmp(line, lines[which], 4)) which++;
    const char *id = strchr(line, '<');
    struct article *found = id ? find(id) : NULL;
    char text[LINE_LIMIT + 32];
    if (found) snprintf(text, sizeof text, "%d 0 %s\r\n", codes[which], found->id);
    else snprintf(text, sizeof text, "430 no such article\r\n");
    struct answer *answer = say(c, due, text);
    answer->articles++;
    c->waiting++;
    if (found && which) {
        answer->at = found->at + (which == 1 ? (off_t)found->head : 0);
        answer->size = which == 3 ? found->head - 2 : found->size - (which == 1 ? found->head : 0);
        if (which == 3) say(c, due, ".\r\n");
    }
    pthread_mutex_lock(&counts_lock);
    if (!counted.first) counted.first = due - c->delay;
    counted.asked += !which;
    counted.served += found && which;
    counted.missing += !found;
    pthread_mutex_unlock(&counts_lock);
}

static void command(struct connection *c, double due, const char *line) {
    if (!strcasecmp(line, "POST")) {
        c->posting = 1;
        say(c, due, "340 go ahead\r\n");
    } else if (!strncasecmp(line, "STAT ", 5) || !strncasecmp(line, "BODY ", 5) ||
               !strncasecmp(line, "ARTICLE ", 8) || !strncasecmp(line, "HEAD ", 5)) {
        give(c, due, line);
    } else if (!strcasecmp(line, "CAPABILITIES")) {
        say(c, due, "101 here\r\nVERSION 2\r\nREADER\r\nPOST\r\nAUTHINFO USER\r\n.\r\n");
    } else if (!strncasecmp(line, "MODE ", 5)) {
        say(c, due, "200 posting allowed\r\n");
    } else if (!strncasecmp(line, "GROUP ", 6)) {
        say(c, due, "211 0 0 0 group\r\n");
    } else if (!strncasecmp(line, "AUTHINFO USER", 13)) {
        say(c, due, "381 and the password\r\n");
    } else if (!strncasecmp(line, "AUTHINFO PASS", 13)) {
        say(c, due, "281 welcome\r\n");
    } else if (!strcasecmp(line, "DATE")) {
        char text[64];
        time_t seconds = time(NULL);
        struct tm date;
        strftime(text, sizeof text, "111 %Y%m%d%H%M%S\r\n", gmtime_r(&seconds, &date));
        say(c, due, text);
    } else if (!strcasecmp(line, "QUIT")) {
        c->closing = 1;
        say(c, due, "205 bye\r\n");
    } else {
        say(c, due, "500 what?\r\n");
    }
}

/* Keep the article that has come as a whole; the answer to it. */
static const char *keep(struct connection *c) {
    char *blank = memmem(c->data, c->length, "\r\n\r\n", 4);
    if (!blank) return "441 no empty line after the headers\r\n";
    size_t head = blank + 4 - c->data;
    char *next;
    for (char *line = c->data; line < blank + 2; line = next) {
        next = (char *)memmem(line, blank + 2 - line, "\r\n", 2) + 2;
        if (strncasecmp(line, "Message-ID:", 11)) continue;
        char *from = memchr(line, '<', blank - line), *to = memchr(line, '>', blank - line);
        if (!from || !to || to < from) break;
        struct article *made = need(malloc(sizeof *made + (to - from) + 2));
        memcpy(made->id, from, to - from + 1);
        made->id[to - from + 1] = 0;
        if (find(made->id)) {
            free(made);
            return "441 435 duplicate\r\n";
        }
        made->head = head;
        made->size = c->length;
        made->at = __atomic_fetch_add(&end_of_file, c->length, __ATOMIC_RELAXED);
        for (size_t done = 0; done < made->size;) {
            ssize_t wrote = pwrite(file, c->data + done, made->size - done, made->at + done);
            if (wrote < 0) {
                perror("serving_sink: cannot keep an article");
                free(made);
                return "441 no room\r\n";
            }
            done += wrote;
        }
        pthread_rwlock_wrlock(&articles_lock);
        struct article **place = bucket(made->id);
        made->next = *place;
        *place = made;
        pthread_rwlock_unlock(&articles_lock);
        pthread_mutex_lock(&counts_lock);
        counted.posted++;
        counted.posted_bytes += made->size;
        pthread_mutex_unlock(&counts_lock);
        return "240 article received\r\n";
    }
    return "441 no Message-ID\r\n";
}

/* Understand what has come; 0 when it makes no sense. */
static int understand(struct connection *c, double due) {
    for (;;) {
        if (c->posting) {
            if (c->length < 5 || memcmp(c->data + c->length - 5, "\r\n.\r\n", 5)) return 1;
            c->posting = 0;
            say(c, due, keep(c));
            c->length = 0;
            return 1;
        }
        size_t used = 0;
        char *end;
        while (!c->posting && (end = memchr(c->data + used, '\n', c->length - used))) {
            *end = 0;
            if (end > c->data + used && end[-1] == '\r') end[-1] = 0;
            char *line = c->data + used;
            used = end + 1 - c->data;
            if (strlen(line) >= LINE_LIMIT) return 0;
            command(c, due, line);
        }
        memmove(c->data, c->data + used, c->length -= used);
        if (!c->posting) return c->length < LINE_LIMIT;
    }
}

/* Read once; 0 when the client is gone. */
static int hear(struct connection *c) {
    if (c->room - c->length < READ_SIZE) {
        c->room = c->room * 2 + READ_SIZE;
        c->data = need(realloc(c->data, c->room));
    }
    ssize_t got = recv(c->socket, c->data + c->length, c->room - c->length, 0);
    if (got < 0 && errno == EINTR) return 1;
    if (got <= 0) return 0;
    c->length += got;
    double heard = now();
    if (!understand(c, heard + c->delay)) return 0;
    pthread_mutex_lock(&counts_lock);
    if (c->waiting > counted.depth) counted.depth = c->waiting;
    pthread_mutex_unlock(&counts_lock);
    return 1;
}

static void *serve(void *argument) {
    struct connection *c = argument;
    struct pollfd watched = {.fd = c->socket, .events = POLLIN};
    say(c, now() + c->delay, "200 ready, posting allowed\r\n");
    for (;;) {
        double left = c->first ? c->first->due - now() : 1;
        if (left < 0) left = 0;
        struct timespec time = {(time_t)left, (long)((left - (time_t)left) * 1e9)};
        int ready = ppoll(&watched, 1, c->first ? &time : NULL, NULL);
        if (ready < 0 && errno != EINTR) break;
        if (ready > 0 && !hear(c)) break;
        if (!send_due(c) || (c->closing && !c->first)) break;
    }
    close(c->socket);
    for (struct answer *next; c->first; c->first = next) {
        next = c->first->next;
        free(c->first);
    }
    free(c->data);
    free(c);
    return NULL;
}

static void take(int listener, double late) {
    int one = 1, accepted = accept(listener, NULL, NULL);
    if (accepted < 0) return;
    setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct connection *c = need(calloc(1, sizeof *c));
    c->socket = accepted;
    c->delay = late;
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, c)) {
        perror("serving_sink: no thread for a connection");
        close(accepted);
        free(c);
        return;
    }
    pthread_detach(thread);
    pthread_mutex_lock(&counts_lock);
    counted.connections++;
    pthread_mutex_unlock(&counts_lock);
}

/* Signals are handled here and nowhere else, between two lines of JSON. */
static void *tell(void *argument) {
    double told = 0;
    for (int number; !sigwait(argument, &number);) {
        if (number == SIGTERM) exit(0);
        struct rusage usage;
        getrusage(RUSAGE_SELF, &usage);
        double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
                     (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
        pthread_mutex_lock(&counts_lock);
        struct counts t = counted;
        counted = (struct counts){0};
        pthread_mutex_unlock(&counts_lock);
        printf("{\"connections\": %lu, \"posted\": %lu, \"posted_bytes\": %llu, \"asked\": %lu, "
               "\"served\": %lu, \"served_bytes\": %llu, \"missing\": %lu, \"depth\": %lu, "
               "\"seconds\": %.3f, \"cpu_seconds\": %.3f}\n",
               t.connections, t.posted, t.posted_bytes, t.asked, t.served, t.served_bytes,
               t.missing, t.depth, t.last > t.first ? t.last - t.first : 0.0, cpu - told);
        fflush(stdout);
        told = cpu;
    }
    return NULL;
}

static int listen_on(int *port) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (listener < 0 || bind(listener, (void *)&address, size) || listen(listener, 256) ||
        getsockname(listener, (void *)&address, &size)) {
        perror("serving_sink: cannot listen");
        exit(1);
    }
    *port = ntohs(address.sin_port);
    return listener;
}

int main(int count, char **words) {
    if (count != 3) {
        fputs("usage: serving_sink FILE DELAY_MILLISECONDS\n", stderr);
        return 2;
    }
    delay = atof(words[2]) / 1e3;
    if ((file = open(words[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) < 0) {
        perror(words[1]);
        return 1;
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    pthread_t teller;
    if (pthread_create(&teller, NULL, tell, &signals)) {
        perror("serving_sink");
        return 1;
    }
    int port, delayed_port;
    struct pollfd listeners[2] = {{.events = POLLIN}, {.events = POLLIN}};
    listeners[0].fd = listen_on(&port);
    listeners[1].fd = listen_on(&delayed_port);
    printf("{\"port\": %d, \"delayed_port\": %d}\n", port, delayed_port);
    fflush(stdout);
    while (poll(listeners, 2, -1) > 0 || errno == EINTR) {
        if (listeners[0].revents & POLLIN) take(listeners[0].fd, 0);
        if (listeners[1].revents & POLLIN) take(listeners[1].fd, delay);
    }
    return 1;
}
